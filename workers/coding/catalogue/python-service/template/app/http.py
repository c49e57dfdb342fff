"""HTTP in and out: reads a request, has it answered, writes JSON. Knows nothing of notes."""

from __future__ import annotations

import json
import sys
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from app.errors import RequestError
from app.routing import Answer, Request, Routes

MAX_BODY_BYTES = 1024 * 1024
SLOWEST_S = 10  # between two packets; a client that sends nothing does not hold a thread for ever


class Server(ThreadingHTTPServer):
    """One thread per request. shutdown() and server_close() let those that are under way finish."""

    daemon_threads = False
    block_on_close = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], routes: Routes) -> None:
        self.routes = routes
        super().__init__(address, RequestHandler)


class RequestHandler(BaseHTTPRequestHandler):
    timeout = SLOWEST_S
    server_version = "service"
    sys_version = ""
    server: Server

    def handle_request(self) -> None:
        try:
            self.send(self.server.routes.answer(self.read()))
        except RequestError as error:
            self.send(_failure(error.status, str(error), error.headers))
        except (BrokenPipeError, ConnectionResetError, TimeoutError):
            self.close_connection = True  # nobody is listening any more
        except Exception:
            traceback.print_exc(file=sys.stderr)  # for the operator; whoever asks learns nothing of the inside
            self.send(_failure(500, "The service failed. It was noted."))

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = handle_request

    def read(self) -> Request:
        parts = urlsplit(self.path)
        return Request(self.command, unquote(parts.path), dict(parse_qsl(parts.query)), self.read_body())

    def read_body(self) -> Any:
        if "Transfer-Encoding" in self.headers:
            raise RequestError(411, "Send the body with a Content-Length.")
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal():
            raise RequestError(400, "Content-Length is no number.")
        if int(length) > MAX_BODY_BYTES:
            raise RequestError(413, f"The body is larger than {MAX_BODY_BYTES:,} bytes.")
        body = self.rfile.read(int(length))
        if not body:
            return None
        if self.headers.get_content_type() != "application/json":
            raise RequestError(415, "Send application/json.")
        try:
            return json.loads(body)
        except (ValueError, RecursionError):
            raise RequestError(400, "The body is not JSON.") from None

    def send(self, answer: Answer) -> None:
        body = b"" if answer.status == 204 else json.dumps(answer.body, ensure_ascii=False).encode() + b"\n"
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.status != 204:
            self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the standard library itself refuses, such as an unknown method, as JSON too."""
        self.command = self.command or ""
        self.send(_failure(code, message or self.responses.get(code, ("Refused",))[0]))

    def log_message(self, format: str, *args: Any) -> None:
        line = format % args
        print(f"{self.address_string()} {line}".encode("ascii", "backslashreplace").decode(), flush=True)


def _failure(status: int, message: str, headers: dict[str, str] | None = None) -> Answer:
    return Answer({"error": {"status": status, "message": message}}, status, headers or {})
