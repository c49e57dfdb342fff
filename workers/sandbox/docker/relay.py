"""Connections to a container's own loopback, carried to Hive by a command inside, over its input and output.

    command ──TCP, loopback──▶ forwarder ══frames══▶ Relay ──a pair of sockets each──▶ whoever accepts

The forwarder says `port N` on a line. Then both sides send frames: the number of a connection and a length, four bytes
each, and so many bytes. The forwarder counts its connections from 1 on; a frame without bytes ends one. A job may write
frames itself: they come to whoever answers its commands anyway, and to nobody else.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from workers.sandbox.port import CannotForward, Forwarder, SandboxError, Talking

_HEADER = struct.Struct("!II")
_CHUNK_BYTES = 64 * 1024
_LONGEST_BYTES = 1024 * 1024  # of a frame that is heard
_LONGEST_LINE_BYTES = 4096
_MOST_CONNECTIONS = 64
_START_S = 60.0
_TICK_S = 0.05


class Carried(socket.socket):
    """What whoever answers is given: a socket to accept on. Its name is what the commands inside connect to."""

    def __init__(self, end: socket.socket, port: int, on_close: Callable[[], None]) -> None:
        super().__init__(fileno=end.detach())
        self._port, self._on_close = port, on_close

    def accept(self) -> tuple[socket.socket, Any]:
        _, descriptors, _, _ = socket.recv_fds(self, 1, 1)
        if not descriptors:
            raise OSError("nobody can connect any more")
        return socket.socket(fileno=descriptors[0]), ("127.0.0.1", 0)

    def getsockname(self) -> Any:
        return ("127.0.0.1", self._port)

    def close(self) -> None:
        super().close()
        self._on_close()


def listen(forwarder: Forwarder | None, converse: Callable[..., Talking]) -> Carried:
    """`converse` is the sandbox's. Raises CannotForward where the forwarder does not say its port, SandboxError."""
    if forwarder is None:
        raise SandboxError("A container may be another machine's: no socket of it can be had here.", permanent=True)
    ours, theirs = socket.socketpair()
    relay = Relay(ours)
    try:
        talking = converse(forwarder.argv, on_output=relay.hear, env=forwarder.env)
        relay.begin(talking)
        return Carried(theirs, relay.port, lambda: relay.close(talking))
    except BaseException:
        ours.close()
        theirs.close()
        raise


class Relay:
    """`hear` belongs to the forwarder's thread; each connection has one for what goes the other way."""

    def __init__(self, ours: socket.socket) -> None:
        """Connections are handed over on `ours`."""
        self.port = 0
        self._ours = ours
        self._heard = bytearray()
        self._ready = threading.Event()
        self._open: dict[int, socket.socket] = {}
        self._last = 0
        self._saying = threading.Lock()
        self._talking: Talking | None = None

    def begin(self, talking: Talking) -> None:
        """Wait for the port. Raises CannotForward, SandboxError."""
        self._talking = talking
        until = time.monotonic() + _START_S
        while not self._ready.wait(_TICK_S):
            ended = talking.poll()
            if ended is None and time.monotonic() > until:
                talking.stop(0.0)
                raise SandboxError(f"What would listen in the sandbox did not begin within {_START_S:g} s.")
            if ended is not None and not self._ready.is_set():
                printed = self._heard.decode(errors="replace").strip()
                raise CannotForward(f"Nothing listens in the sandbox. {ended.message}", ended, printed)

    def hear(self, data: bytes) -> None:
        """What this raises ends the forwarder."""
        self._heard += data
        if not self._ready.is_set() and not self._hear_port():
            return
        for number, piece in self._frames():
            self._take(number, piece)

    def _hear_port(self) -> bool:
        line, end, rest = self._heard.partition(b"\n")
        word, _, number = line.partition(b" ")
        if not end or word != b"port" or not number.isdigit():
            del self._heard[:-_LONGEST_LINE_BYTES]  # what it says when it cannot run, for the reader
            return False
        self.port, self._heard = int(number), rest
        self._ready.set()
        return True

    def _frames(self) -> Iterator[tuple[int, bytes]]:
        while len(self._heard) >= _HEADER.size:
            number, size = _HEADER.unpack_from(self._heard)
            if size > _LONGEST_BYTES:
                raise ValueError("no frame is so long")
            if len(self._heard) < _HEADER.size + size:
                return
            piece = bytes(self._heard[_HEADER.size : _HEADER.size + size])
            del self._heard[: _HEADER.size + size]
            yield number, piece

    def _take(self, number: int, piece: bytes) -> None:
        if piece and number > self._last:
            self._last = number
            self._connect(number)
        end = self._open.get(number)
        if end is None:
            return  # it was ended here meanwhile
        with contextlib.suppress(OSError):
            end.sendall(piece) if piece else end.shutdown(socket.SHUT_WR)

    def _connect(self, number: int) -> None:
        if len(self._open) >= _MOST_CONNECTIONS:
            self._say(number, b"")
            return
        end, theirs = socket.socketpair()
        self._open[number] = end
        with theirs:
            socket.send_fds(self._ours, [b"."], [theirs.fileno()])
        threading.Thread(target=self._carry_in, args=(number, end), name="sandbox-relay", daemon=True).start()

    def _carry_in(self, number: int, end: socket.socket) -> None:
        with contextlib.suppress(OSError, SandboxError):
            while data := end.recv(_CHUNK_BYTES):
                self._say(number, data)
        self._open.pop(number, None)
        end.close()
        with contextlib.suppress(SandboxError):
            self._say(number, b"")

    def _say(self, number: int, piece: bytes) -> None:
        """Raises SandboxError where the forwarder has ended."""
        with self._saying:
            if self._talking is not None:
                self._talking.say(_HEADER.pack(number, len(piece)) + piece)

    def close(self, talking: Talking) -> None:
        self._ours.close()  # first: nobody connects any more, and no thread waits for a reader
        for end in list(self._open.values()):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        with contextlib.suppress(SandboxError):
            talking.stop(0.0)
