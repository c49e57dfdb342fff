"""Another machine, as far as the network can tell: a namespace with one cable to this one, which can be cut.

    with machine() as other:
        port = other.forward(5432)                # what listens here on loopback, reached from there at other.host:port
        subprocess.Popen([*other.prefix, "python", …])
        other.cut()
        other.mend()

The kernel drops what is sent over a cut cable; both ends keep their connections, and try again, as over a real one.
"""

from __future__ import annotations

import os
import selectors
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from tests.servers.redis import free_port


class Machine:
    def __init__(self, number: int) -> None:
        self.name = f"hive{number}"
        self.host, self.address = f"10.213.{number}.1", f"10.213.{number}.2"
        self.prefix = ["ip", "netns", "exec", self.name]
        self._cable = (f"hv{number}a", f"hv{number}b")
        self._forwards: list[Forward] = []

    def begin(self) -> None:
        ours, theirs = self._cable
        self._ip("netns", "add", self.name)
        self._ip("link", "add", ours, "type", "veth", "peer", "name", theirs, "netns", self.name)
        self._ip("address", "add", f"{self.host}/30", "dev", ours)
        self._ip("-n", self.name, "address", "add", f"{self.address}/30", "dev", theirs)
        self._ip("-n", self.name, "link", "set", "lo", "up")
        self._ip("-n", self.name, "link", "set", theirs, "up")
        self.mend()

    def forward(self, port: int) -> int:
        forward = Forward(self.host, port)
        self._forwards.append(forward)
        return forward.port

    def cut(self) -> None:
        self._ip("link", "set", self._cable[0], "down")

    def mend(self) -> None:
        self._ip("link", "set", self._cable[0], "up")

    def end(self) -> None:
        for forward in self._forwards:
            forward.close()
        with suppress(AssertionError):  # the cable goes with the namespace
            self._ip("netns", "delete", self.name)

    @staticmethod
    def _ip(*words: str) -> None:
        done = subprocess.run(["ip", *words], capture_output=True, text=True)
        assert done.returncode == 0, f"ip {' '.join(words)}: {done.stderr}"


class Forward:
    """Carries bytes between an address of ours and a port of loopback; servers here listen on nothing else."""

    def __init__(self, host: str, to: int) -> None:
        self._to = to
        self._listener = socket.create_server((host, free_port()))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                try:
                    far = socket.create_connection(("127.0.0.1", self._to), timeout=10)
                except OSError:
                    near.close()
                    continue
                threading.Thread(target=self._carry, args=(near, far), daemon=True).start()

    @staticmethod
    def _carry(near: socket.socket, far: socket.socket) -> None:
        other = {near: far, far: near}
        with near, far, selectors.DefaultSelector() as selector, suppress(OSError):
            far.settimeout(None)
            for each in other:
                selector.register(each, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select():
                    source = near if key.fileobj is near else far
                    data = source.recv(65536)
                    if not data:
                        return
                    other[source].sendall(data)


@contextmanager
def machine() -> Iterator[Machine]:
    if shutil.which("ip") is None:
        pytest.skip("needs iproute2: apt-get install iproute2")
    if os.geteuid() != 0:
        pytest.skip("only root may make a network namespace")
    found = Machine(os.getpid() % 250 + 1)
    try:
        found.begin()
        yield found
    finally:
        found.end()
