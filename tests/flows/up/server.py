"""A web server on a socket that it inherits: /readyz answers 200, every other path tells the server's environment."""

from __future__ import annotations

import json
import os
import socket
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        part = {"ok": True, "latency_ms": 0.5, "message": ""}
        readyz = {"parts": {"database": part}}
        body = json.dumps(readyz if self.path == "/readyz" else {"pid": os.getpid(), **os.environ}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def serve(descriptor: int) -> None:
    server = HTTPServer(("127.0.0.1", 0), Handler, bind_and_activate=False)
    server.socket.close()
    server.socket = socket.socket(fileno=descriptor)
    server.serve_forever()


if __name__ == "__main__":
    serve(int(sys.argv[1]))
