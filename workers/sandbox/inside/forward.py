"""Carries connections from a unix socket outside the sandbox to a port of its own loopback.

The listening socket was made by Hive and came in as a descriptor, so nothing of the outside is mounted for it.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
from functools import partial

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
        reading = selectors.EVENT_READ if not self.read_all and not self.other.waiting else 0
        return reading | (selectors.EVENT_WRITE if self.waiting else 0)


class Forwarder:
    """Lives in its owner's selector: every key whose data is callable is called with the ready events."""

    def __init__(self, selector: selectors.BaseSelector, listener: socket.socket, port: int) -> None:
        self._selector, self._listener, self._port = selector, listener, port
        self._connections = 0
        listener.setblocking(False)
        selector.register(listener, selectors.EVENT_READ, self._accept)

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
            self._selector.register(end.sock, selectors.EVENT_READ, partial(self._move, end))

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
            if events & selectors.EVENT_WRITE:
                self._write(end)
            if events & selectors.EVENT_READ and not end.other.waiting:
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
        """A selector refuses to wait for nothing: such a socket leaves it until there is something to wait for."""
        known = end.sock in self._selector.get_map()
        if events := end.events():
            (self._selector.modify if known else self._selector.register)(end.sock, events, partial(self._move, end))
        elif known:
            self._selector.unregister(end.sock)

    def _close(self, end: _End) -> None:
        self._connections -= 1
        for each in (end, end.other):
            with contextlib.suppress(KeyError):
                self._selector.unregister(each.sock)
            each.sock.close()
