"""A server that fits into an argument of a command. Its one tool is described by what it sees around it."""

import json
import os
import sys

print("a greeting", file=sys.stderr)
for line in sys.stdin:
    asked = json.loads(line)
    said = {"error": {"code": -32601, "message": "There is no such method."}}
    if asked["method"] == "initialize":
        about = {"name": "inside", "version": "1"}
        version = asked["params"]["protocolVersion"]
        said = {"result": {"protocolVersion": version, "capabilities": {"tools": {}}, "serverInfo": about}}
    if asked["method"] == "tools/list":
        seen = " ".join([*os.environ, os.environ.get("HOW", "")])
        said = {"result": {"tools": [{"name": "look", "description": seen, "inputSchema": {"type": "object"}}]}}
    if "id" in asked:
        print(json.dumps({"jsonrpc": "2.0", "id": asked["id"], **said}), flush=True)
