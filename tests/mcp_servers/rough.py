"""A server that speaks just enough of the protocol to misbehave: rough.py WAY. Needs nothing but Python."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

WAY = sys.argv[1]
TOOL = {"name": "go", "description": "Go.", "inputSchema": {"type": "object", "properties": {}}}
LOOP = {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}}}
LOOP["$defs"] = {"node": {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}}}}
listed = called = 0


def send(**message: object) -> None:
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    sys.stdout.flush()


def tools(cursor: int) -> dict:
    global listed
    listed += 1
    if WAY == "many":
        page = [{**TOOL, "name": f"tool{cursor + at}"} for at in range(2_500)]
        return {"tools": page, **({"nextCursor": str(cursor + 2_500)} if cursor < 7_500 else {})}
    if WAY == "endless":
        return {"tools": [], "nextCursor": str(cursor + 1)}
    if WAY == "loop":
        return {"tools": [{**TOOL, "inputSchema": LOOP}, {**TOOL, "description": "Not this one."}]}
    if WAY == "huge":
        return {
            "tools": [{**TOOL, "description": "x" * 100_000, "inputSchema": {"type": "object", "y": "z" * 100_000}}]
        }
    return {"tools": [TOOL]}


def call() -> dict:
    global called
    called += 1
    if WAY == "hangs" or (WAY == "hangs-once" and not once()):
        time.sleep(600)
    if WAY == "big":
        return {"content": [{"type": "text", "text": "x" * 50_000_000}]}
    if WAY == "dies":
        print("I cannot go on.", file=sys.stderr, flush=True)
        sys.exit(3)
    if WAY == "floods":
        while True:
            send(method="notifications/message", params={"level": "info", "data": "x" * 10_000})
    if WAY == "picture":
        return {"content": [{"type": "image", "mimeType": "image/png", "data": "AAAA" * 100}]}
    if WAY == "changes" and called > 1:
        raise LookupError
    if WAY == "changes":
        send(method="notifications/tools/list_changed")
    return {"content": [{"type": "text", "text": f"went {called}"}]}


def once() -> bool:
    """Whether another one of these was here before."""
    try:
        Path("hung").touch(exist_ok=False)
    except FileExistsError:
        return True
    return False


def answer(method: str, params: dict) -> dict:
    if method == "initialize":
        about = {"name": "rough", "version": "1"}
        return {"protocolVersion": params["protocolVersion"], "capabilities": {"tools": {}}, "serverInfo": about}
    if method == "tools/list":
        return tools(int(params.get("cursor") or 0))
    if method == "tools/call":
        return call()
    raise LookupError


if WAY == "noise":
    print("Welcome!\n{not json\n\n[]", flush=True)
    print("x" * 200_000, file=sys.stderr, flush=True)
if WAY == "silent":
    time.sleep(600)
for line in sys.stdin:
    asked = json.loads(line)
    if "id" not in asked:
        continue
    try:
        send(id=asked["id"], result=answer(asked["method"], asked.get("params") or {}))
    except LookupError:
        send(id=asked["id"], error={"code": -32601, "message": f"There is no {asked['method']}."})
