"""Carries connections from a unix socket outside the sandbox to a port of its own loopback.

The listening socket was made by Hive and came in as a descriptor, so nothing of the outside is mounted for it.
"""

from __future__ import annotations

import contextlib
import socket
from functools import partial

from .loop import READ, WRITE, Loop

_CHUNK_BYTES = 64 * 1024
_MOST_CONNECTIONS = 256  # two descriptors each, well below the usual limit of 1,024
_LOOPBACKS = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))  # "localhost" may mean either to a server


class _End:
    """One socket of a connection, and the bytes that wait to be written to it."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.waiting = b""
        self.read_all = False  # its peer's half is finished
        self.other: _End = self

    def events(self) -> int:
        """What to wait for: room to write what waits; more to read only when the other side has taken the last."""
        reading = READ if not self.read_all and not self.other.waiting else 0
        return reading | (WRITE if self.waiting else 0)


class Forwarder:
    """Lives in its owner's loop."""

    def __init__(self, loop: Loop, listener: int, port: int) -> None:
        self._loop, self._listener, self._port = loop, socket.socket(fileno=listener), port
        self._connections = 0
        self._listener.setblocking(False)
        loop.watch(self._listener, READ, self._accept)

    def _accept(self, _events: int) -> None:
        try:
            outer, _address = self._listener.accept()
        except OSError:
            return  # the visitor left, or no descriptor is free: it stays in the queue
        inner = self._connect() if self._connections < _MOST_CONNECTIONS else None
        if inner is None:
            outer.close()  # the visitor sees what a refused connection would tell him: nobody answers
            return
        self._connections += 1
        left, right = _End(outer), _End(inner)
        left.other, right.other = right, left
        for end in (left, right):
            end.sock.setblocking(False)
            self._loop.watch(end.sock, READ, partial(self._move, end))

    def _connect(self) -> socket.socket | None:
        """Loopback answers or refuses at once; the time limit is for a server whose queue is full."""
        for family, host in _LOOPBACKS:
            sock = socket.socket(family, socket.SOCK_STREAM)
            sock.settimeout(0.25)
            try:
                sock.connect((host, self._port))
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return sock
            except OSError:
                sock.close()
        return None

    def _move(self, end: _End, events: int) -> None:
        if end.sock.fileno() < 0:
            return  # closed by its other end within the same round
        try:
            if events & WRITE:
                self._write(end)
            if events & READ and not end.other.waiting:
                self._read(end)
        except BlockingIOError:
            pass
        except OSError:
            self._close(end)
            return
        self._settle(end)

    def _read(self, end: _End) -> None:
        data = end.sock.recv(_CHUNK_BYTES)
        end.read_all = not data
        end.other.waiting = data
        if data:
            self._write(end.other)
        else:
            with contextlib.suppress(OSError):
                end.other.sock.shutdown(socket.SHUT_WR)

    def _write(self, end: _End) -> None:
        with contextlib.suppress(BlockingIOError):
            end.waiting = end.waiting[end.sock.send(end.waiting) :]

    def _settle(self, end: _End) -> None:
        if end.read_all and end.other.read_all and not end.waiting and not end.other.waiting:
            self._close(end)
            return
        for each in (end, end.other):
            self._watch(each)

    def _watch(self, end: _End) -> None:
        """A loop tells of errors in any case: a socket that waits for nothing leaves it for as long."""
        if events := end.events():
            self._loop.watch(end.sock, events, partial(self._move, end))
        else:
            self._loop.forget(end.sock)

    def _close(self, end: _End) -> None:
        self._connections -= 1
        for each in (end, end.other):
            self._loop.forget(each.sock)
            each.sock.close()
