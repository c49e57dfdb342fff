"""A trial of the embedded Valkey: does it start here, and does it answer?"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from hive import env
from hive.cli import valkey
from hive.cli.doctor.finding import Finding, fail, ok
from hive.cli.failure import Failure
from hive.cli.up import linux

PATIENCE_S = 3.0


class Trial:
    """A server in a folder of its own, started on entering; it is gone, with its folder, on leaving.

    Enter it in the main thread, before there are others: the kernel ends the server with the thread that forked it.
    """

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="hive-doctor-", dir="/tmp")  # short, and private
        self._socket = Path(self._folder.name) / "valkey.sock"
        self._server: subprocess.Popen[bytes] | None = None
        self._problem = ""

    def __enter__(self) -> Self:
        if env.get("HIVE_BROKER_URL") and env.get("HIVE_REDIS_URL"):
            return self
        try:
            argv = valkey.command(valkey.binary(), Path(self._folder.name), self._socket)
            self._server = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                preexec_fn=lambda: linux.die_with_parent(signal.SIGKILL),  # there is no other thread yet
            )
        except (OSError, Failure) as error:
            self._problem = str(error)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server:
            with self._server:  # waits, and closes the pipe
                self._server.kill()
        self._folder.cleanup()

    def check(self) -> list[Finding]:
        if self._problem:
            return fail("valkey", self._problem, "Install again: make install")
        if self._server is None:
            return ok("valkey", "not needed: HIVE_BROKER_URL and HIVE_REDIS_URL name servers")
        began_at = time.monotonic()
        while time.monotonic() - began_at < PATIENCE_S and self._server.poll() is None:
            if self._answers():
                return ok("valkey", f"starts and answers after {(time.monotonic() - began_at) * 1000:.0f} ms")
            time.sleep(0.01)
        self._server.kill()
        said = os.fsdecode(self._server.stdout.read() if self._server.stdout else b"").strip().rpartition("\n")[2]
        return fail(
            "valkey", f"does not answer; it said: {said}", "Name a server with HIVE_BROKER_URL and HIVE_REDIS_URL."
        )

    def _answers(self) -> bool:
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                connection.settimeout(1)
                connection.connect(str(self._socket))
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False
