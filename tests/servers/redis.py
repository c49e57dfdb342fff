"""A private Redis or Valkey: append-only in a temporary folder, on a free port of loopback.

    with redis() as server:   # Debian's Redis or Valkey, whichever is installed
    with valkey() as server:  # the one that Hive brings along
        url = server.url()  # redis://127.0.0.1:PORT/0

`server.kill()`, `server.start()` and `server.lose_data()` keep the port, for tests that take the broker away.
"""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hive.cli.valkey import binary
from tests.servers.program import ServerProgram

PROGRAMS = ("valkey-server", "redis-server")


class Redis(ServerProgram):
    name = "Redis"

    def __init__(self, folder: Path, program: str) -> None:
        super().__init__(folder)
        self.port = free_port()
        self._program = program

    def url(self, database: int = 0) -> str:
        return f"redis://127.0.0.1:{self.port}/{database}"

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = {
            "port": self.port,
            "bind": "127.0.0.1",
            "dir": self.folder,
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "logfile": self.folder / "log",
        }
        words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        dies = ["--pdeathsig", "KILL"] if threading.current_thread() is threading.main_thread() else []
        self._process = subprocess.Popen(["setpriv", *dies, self._program, *words], stdin=subprocess.DEVNULL)
        self._wait_until_it_answers()

    def kill(self) -> None:
        """SIGKILL. What the kernel had been given of the append-only file is there at the next start."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def lose_data(self) -> None:
        """Of a server that was ended: nothing is there at its next start."""
        assert self._process is None, "end it first: it has its files open"
        for path in self.folder.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    def _ask(self) -> None:
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            connection.sendall(b"PING\r\n")
            if connection.recv(5) != b"+PONG":
                raise ConnectionError("It is there, and does not say PONG.")


@contextmanager
def redis() -> Iterator[Redis]:
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        pytest.skip("needs Redis' or Valkey's server: apt-get install redis-server")
    with _running(program) as server:
        yield server


@contextmanager
def valkey() -> Iterator[Redis]:
    with _running(str(binary())) as server:
        yield server


@contextmanager
def _running(program: str) -> Iterator[Redis]:
    folder = Path(tempfile.mkdtemp(prefix="hive-redis-"))
    server = Redis(folder, program)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
