"""A Hive of a few answers, over real HTTP: what the pipeline's side has to cope with."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

LOG = "one\ntwo\n"


def cell(**more: Any) -> dict[str, Any]:
    known = {
        "key": "job",
        "title": "Tests",
        "job": 7,
        "status": "completed",
        "reason": "",
        "message": "",
        "exit_code": 0,
    }
    times = {"started_at": "2026-01-01T00:00:00Z", "finished_at": "2026-01-01T00:00:02.5Z", "worker": "w"}
    return {**known, **times, "tests": None, "waits": None, **more}


def status(**more: Any) -> dict[str, Any]:
    known = {
        "id": 3,
        "title": "Tests",
        "status": "completed",
        "reason": "",
        "message": "",
        "exit_code": 0,
        "version": 1,
    }
    return {
        **known,
        "page": "http://hive/runs/3/",
        "url": "http://hive/s",
        "waits": None,
        "tests": None,
        "cells": [cell()],
        **more,
    }


@dataclass
class Script:
    """What the server answers, and what it was asked. `log`: pieces; None breaks the connection there."""

    statuses: list[Any] = field(default_factory=lambda: [status()])
    log: list[str | None] = field(default_factory=lambda: [LOG])
    artifacts: list[Any] = field(default_factory=list)
    files: dict[int, bytes] = field(default_factory=dict)
    fail_first: int = 0
    asked: list[tuple[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    canceled: threading.Event = field(default_factory=threading.Event)
    url: str = ""


class Handler(BaseHTTPRequestHandler):
    """`server.script` says what is answered."""

    @property
    def script(self) -> Script:
        return self.server.script  # type: ignore[attr-defined]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.script.bodies.append(body)
        self._note()
        if self.script.fail_first:
            self.script.fail_first -= 1
            return self._json({"detail": "away"}, 503)
        if self.path.endswith("/cancel"):
            self.script.canceled.set()
            return self._json(status(), 202)
        return self._json(status(status="queued", cells=[]), 201)

    def do_GET(self) -> None:
        self._note()
        path = self.path.partition("?")[0]
        if path.endswith("/log/stream"):
            return self._log()
        if path.endswith("/artifacts"):
            return self._json({"results": self.script.artifacts, "next": None})
        if path.endswith("/download"):
            return self._json({"url": f"{self.script.url}/bytes/{path.split('/')[-2]}"})
        if path.startswith("/bytes/"):
            return self._send(200, self.script.files[int(path.rpartition("/")[2])], "application/octet-stream")
        return self._json(self.script.statuses.pop(0) if len(self.script.statuses) > 1 else self.script.statuses[0])

    def _log(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        at, after = 0, int(self.headers["Last-Event-ID"])
        for number, piece in enumerate(self.script.log):
            if piece is None:
                self.script.log[number] = ""
                return
            at += len(piece)
            if piece and at > after:
                said = {"offset": at - len(piece), "text": piece}
                self.wfile.write(f"id: {at}\ndata: {json.dumps(said)}\n\n".encode())
        self.wfile.write(b"event: end\ndata: {}\n\n")

    def _note(self) -> None:
        self.script.asked.append((self.command, self.path))
        self.script.headers.append({name.lower(): value for name, value in self.headers.items()})

    def _json(self, value: Any, code: int = 200) -> None:
        self._send(code, json.dumps(value).encode(), "application/json")

    def _send(self, code: int, body: bytes, kind: str) -> None:
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def serving(script: Script) -> Iterator[Script]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.script = script  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    script.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield script
    finally:
        server.shutdown()
        server.server_close()
