"""The server: reads a request in whichever format, and answers in it as the script says."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import ModuleType
from typing import Any

from tests.providers.formats import anthropic, gemini, ollama, openai
from tests.providers.script import Cut, Garbage, Refuse, Script, Seen, Stall, Talk, Turn

FORMATS: dict[str, ModuleType] = {"openai": openai, "anthropic": anthropic, "gemini": gemini, "ollama": ollama}
MODEL = "scripted-1"
KEY = "scripted-key-3f9a1c"
ENDED = Refuse(400, "The script is at its end.")


class Provider:
    """A running server. `seen` grows with every request; `closed` counts the clients that left in
    mid-answer, `lost` has the paths that no format knows."""

    def __init__(self, script: Script) -> None:
        self.seen: list[Seen] = []
        self.closed = 0
        self.lost: list[str] = []
        self.over = threading.Event()
        self._lock = threading.Lock()
        self._script = script if callable(script) else iter(script)
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Handler,), {"provider": self}))
        self.server.daemon_threads = True

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def address(self, format: str) -> str:
        """What is configured as the provider's address."""
        return f"{self.origin}{FORMATS[format].BASE}"

    def turn(self, seen: Seen) -> Turn:
        with self._lock:
            self.seen.append(seen)
            return self._script(seen) if callable(self._script) else next(self._script, ENDED)


class Handler(BaseHTTPRequestHandler):
    provider: Provider
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # as real providers do: else a client waits 40 ms for what follows the headers

    def do_GET(self) -> None:
        """Which models there are: what a look at the provider asks. All formats know one."""
        path = self.path.partition("?")[0]
        keys = (self.headers.get("Authorization"), self.headers.get("x-api-key"), self.headers.get("x-goog-api-key"))
        if path.endswith("/api/tags"):
            return self._json(200, {"models": [{"name": MODEL}]})
        if path in ("/v1/models", "/v1beta/models"):
            if not {KEY, f"Bearer {KEY}"} & set(keys):
                return self._json(401, {"error": {"message": "Invalid API key."}})
            listed = {"data": [{"id": MODEL}]} if "v1beta" not in path else {"models": [{"name": f"models/{MODEL}"}]}
            return self._json(200, listed)
        self.provider.lost.append(self.path)
        return self._json(404, {"error": f"nothing at {self.path}"})

    def do_POST(self) -> None:
        path = self.path.partition("?")[0]
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if path.endswith("/api/show"):  # litellm asks Ollama how long a context its model takes, once per process
            return self._json(200, {"model_info": {}})
        format = next((found for found in FORMATS.values() if found.matches(path)), None)
        if format is None:
            self.provider.lost.append(path)
            return self._json(404, {"error": f"nothing at {path}"})
        seen = format.read(path, body, self.headers)
        turn = self.provider.turn(seen)
        if seen.format != "ollama" and seen.key != KEY:
            return self._json(401, format.error(401, "Invalid API key."))
        try:
            self._answer(turn, format, seen)
        except (BrokenPipeError, ConnectionResetError):
            self.provider.closed += 1
            self.close_connection = True

    def _answer(self, turn: Turn, format: ModuleType, seen: Seen) -> None:
        match turn:
            case Refuse(status, message, headers):
                self._json(status, format.error(status, message), headers)
            case Garbage(body):
                self._send(200, body, "text/html")
            case Talk() if not seen.stream:
                self.provider.over.wait(turn.wait_s)
                self._json(200, format.whole(turn, seen.model))
            case Talk():
                self.provider.over.wait(turn.wait_s)
                self._stream(format.STREAM_TYPE, format.stream(turn, seen.model))
                self._chunk(b"")
            case Stall() | Cut():
                self._begin_only(turn, format, seen)

    def _begin_only(self, turn: Stall | Cut, format: ModuleType, seen: Seen) -> None:
        pieces = list(format.stream(turn.talk, seen.model))
        wanted = next(n for n, piece in enumerate(pieces) if turn.talk.pieces()[0].encode() in piece) + turn.pieces
        self._stream(format.STREAM_TYPE, iter(pieces[:wanted]))
        if isinstance(turn, Stall):
            self.provider.over.wait(turn.for_s)
        self.close_connection = True  # without the last chunk: the client sees that it was cut

    def _stream(self, type: str, pieces: Iterator[bytes]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", type)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece in pieces:
            self._chunk(piece)

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))
        self.wfile.flush()

    def _json(self, status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        self._send(status, json.dumps(body).encode(), "application/json", headers)

    def _send(self, status: int, body: bytes, type: str, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": type, "Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Tests look at `seen`."""


@contextmanager
def scripted(script: Script) -> Iterator[Provider]:
    """A provider on a free port of loopback, until the block is left."""
    provider = Provider(script)
    thread = threading.Thread(target=provider.server.serve_forever, args=[0.02], daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        provider.over.set()
        provider.server.shutdown()
        provider.server.server_close()
        thread.join(5)
