"""The static server as a process of its own, as in a release."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx

from workers.deployment import static_server

LARGE_BYTES = 700_000


class serving:
    def __init__(self, site: Path) -> None:
        self.site = site

    def __enter__(self) -> tuple[subprocess.Popen[bytes], httpx.Client]:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        argv = [sys.executable, "-I", "-S", static_server.__file__, str(self.site)]
        self.process = subprocess.Popen(argv, env={"PORT": str(port)}, stdout=subprocess.DEVNULL)
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False)
        deadline = time.monotonic() + 20
        while True:
            try:
                self.client.get("/")
                return self.process, self.client
            except httpx.ConnectError:
                assert time.monotonic() < deadline
                time.sleep(0.02)

    def __exit__(self, *_: object) -> None:
        self.client.close()
        self.process.kill()
        self.process.wait()


def connect(server: httpx.Client) -> socket.socket:
    return socket.create_connection((server.base_url.host, server.base_url.port), timeout=10)


def raw(server: httpx.Client, request: str) -> str:
    with connect(server) as connection:
        connection.sendall(request.encode("latin-1"))
        received = b""
        while part := connection.recv(65536):
            received += part
    return received.decode()
