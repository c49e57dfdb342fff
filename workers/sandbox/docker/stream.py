"""What the engine sends of a process that Hive is attached to: frames of a header and some bytes."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import struct
import time
import weakref
from collections.abc import Callable
from typing import Any

OUTPUT, WORDS = 1, 2  # descriptor 1 and 2 of the process
_HEADER = struct.Struct("!BxxxI")
_CHUNK_BYTES = 256 * 1024
_SMALL_BYTES = 4096  # what a socket takes at once when it says that there is room
_TICK_S = 0.1
_OPEN: weakref.WeakSet[Stream] = weakref.WeakSet()


class Stream:
    """Belongs to one thread, but for `send` and `close`."""

    def __init__(self, attached: Any) -> None:
        """`attached`: what the SDK gives for a connection that it has taken out of HTTP."""
        self._attached = attached  # keeps the response alive
        self._socket: socket.socket = getattr(attached, "_sock", attached)
        self._socket.settimeout(None)
        self._buffer = bytearray()
        self._left = 0  # bytes of the frame that is being read
        self._sort = OUTPUT
        self.ended = False
        _OPEN.add(self)

    def send(self, data: bytes) -> None:
        """Raises OSError when the other side is gone."""
        self._socket.sendall(data)

    def send_while(self, data: bytes, may: Callable[[], bool]) -> None:
        """The same for a reader that may take its time. Raises OSError too when it may no longer."""
        left, poll = memoryview(data), select.poll()
        while left:
            if not may():
                raise OSError("nobody waits for it any more")
            poll.register(self._socket, select.POLLOUT)
            if poll.poll(_TICK_S * 1000):
                left = left[self._socket.send(left[:_SMALL_BYTES]) :]

    def finish_sending(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def fileno(self) -> int:
        return self._socket.fileno()

    def read(self, within_s: float) -> list[tuple[int, bytes]]:
        """What has come, as (OUTPUT or WORDS, bytes); nothing after that time, or at the end."""
        if not self._ready(within_s):
            return []
        try:
            data = self._socket.recv(_CHUNK_BYTES)
        except OSError:
            data = b""
        self.ended = not data
        self._buffer += data
        return list(self._pieces())

    def _ready(self, within_s: float) -> bool:
        if getattr(self._socket, "pending", lambda: 0)():  # TLS has it already
            return True
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        return bool(poll.poll(within_s * 1000))

    def _pieces(self) -> Any:
        while self._buffer:
            if not self._left:
                if len(self._buffer) < _HEADER.size:
                    return
                self._sort, self._left = _HEADER.unpack(self._buffer[: _HEADER.size])
                del self._buffer[: _HEADER.size]
                continue
            piece = bytes(self._buffer[: self._left])
            del self._buffer[: self._left]
            self._left -= len(piece)
            yield self._sort, piece

    def read_line(self, within_s: float) -> str | None:
        """The next line of output; None when none came. For processes that answer line by line."""
        deadline, line = time.monotonic() + within_s, bytearray()
        while not line.endswith(b"\n"):
            left_s = deadline - time.monotonic()
            if left_s <= 0 or self.ended:
                return None
            for _sort, data in self.read(left_s):
                line += data
        return line.decode(errors="replace").strip()

    def close(self) -> None:
        for each in (self._attached, self._socket):
            with contextlib.suppress(OSError):
                each.close()

    def forget(self) -> None:
        """In a forked child: a copy of the connection there would keep the container alive when its owner is dead."""
        with contextlib.suppress(OSError):
            os.close(self._socket.detach())


def _forget_all() -> None:
    for stream in list(_OPEN):
        stream.forget()


os.register_at_fork(after_in_child=_forget_all)
