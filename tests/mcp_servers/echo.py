"""A server over HTTP that answers with the credential that it was sent, as a careless one might."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOOL = {"name": "go", "description": "Go.", "inputSchema": {"type": "object", "properties": {}}}
READS = {**TOOL, "name": "look", "annotations": {"readOnlyHint": True}}


@contextmanager
def echo() -> Iterator[tuple[str, list[str]]]:
    """Its host:port, and the credentials that it has seen."""
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            seen.append(self.headers.get("Authorization", ""))
            answer = {"jsonrpc": "2.0", "id": asked.get("id"), **_answer(asked, seen[-1])}
            body = json.dumps(answer).encode() if "id" in asked else b""
            self.send_response(200 if body else 202)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}", seen
    finally:
        server.shutdown()
        server.server_close()


def _answer(asked: dict[str, Any], credential: str) -> dict[str, Any]:
    if asked["method"] == "initialize":
        about = {"name": "echo", "version": "1"}
        version = asked["params"]["protocolVersion"]
        return {"result": {"protocolVersion": version, "capabilities": {"tools": {}}, "serverInfo": about}}
    if asked["method"] == "tools/list":
        return {"result": {"tools": [TOOL, READS]}}
    if asked["method"] == "tools/call":
        return {"result": {"content": [{"type": "text", "text": f"You sent {credential}."}]}}
    return {"error": {"code": -32601, "message": "There is no such method."}}
