"""A site that answers in every way a probe may meet."""

from __future__ import annotations

import socket
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from workers.probe.check import BODY_LIMIT_BYTES


class Site(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        name = self.path.strip("/").replace("-", "_") or "home"
        getattr(self, name, self.missing)()

    def home(self) -> None:
        self.answer(200, f"Welcome to {self.headers['host']}")

    def missing(self) -> None:
        self.answer(404, "nothing here")

    def moved(self) -> None:
        self.answer(302, "", Location="/home")

    def moved_with_name(self) -> None:
        self.answer(302, "", Location=f"http://{self.headers['host']}/home")

    def elsewhere(self) -> None:
        self.answer(302, "", Location="http://169.254.169.254/latest/")

    def other_port(self) -> None:
        self.answer(302, "", Location="http://devsite:9999/")

    def around(self) -> None:
        self.answer(302, "", Location="/around")

    def broken_redirect(self) -> None:
        self.answer(302, "", Location="http://[:::/")

    def large(self) -> None:
        self.answer(200, "x" * (BODY_LIMIT_BYTES + 10) + "needle")

    def endless(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            self.wfile.write(b"x" * 65536)

    def latin(self) -> None:
        self.answer(200, "Grüße", charset="latin-1")

    def strange(self) -> None:
        self.answer(200, "hello", charset="utf-8", Content_Type="text/html; charset=klingon")

    def front(self) -> None:
        self.answer(503, "page", Hive_Host="its release is not running")

    def trickle(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        for _ in range(100):
            self.wfile.write(b"X-More: yes\r\n")
            time.sleep(0.1)

    def silence(self) -> None:
        self.close_connection = True

    def answer(self, status: int, body: str, charset: str = "utf-8", **headers: str) -> None:
        data = body.encode(charset)
        self.send_response(status)
        for name, value in ({"Content_Type": f"text/html; charset={charset}"} | headers).items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None: ...

    def handle(self) -> None:
        with suppress(OSError):  # the prober had seen enough
            super().handle()


class UnixServer(ThreadingHTTPServer):
    address_family = socket.AF_UNIX

    def server_bind(self) -> None:
        self.socket.bind(self.server_address)
        self.server_name, self.server_port = "devsite", 0

    def get_request(self) -> tuple[socket.socket, tuple[str, int]]:
        return self.socket.accept()[0], ("unix", 0)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]
