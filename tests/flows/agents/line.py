"""A slow line: what an agent says comes to the server with so many bytes a second, and at once what it answers."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

LEAST_PIECE_BYTES, PIECES_PER_S = 16 * 1024, 100  # with a smaller window TCP stalls for seconds


@dataclass
class Stop:
    marker: bytes
    left: int
    seen: bool = False
    reached: threading.Event = field(default_factory=threading.Event)

    def comes_with(self, data: bytes) -> bool:
        """Whether these bytes are already too many."""
        self.seen = self.seen or self.marker in data
        self.left -= len(data) if self.seen else 0
        if self.left < 0:
            self.reached.set()
        return self.reached.is_set()


class Line:
    """A port of loopback that leads to another."""

    def __init__(self, to: int, bytes_per_s: int) -> None:
        self._to = to
        self._per_s = bytes_per_s
        self._piece_bytes = max(bytes_per_s // PIECES_PER_S, LEAST_PIECE_BYTES)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()
        self._may_go = threading.Event()
        self._may_go.set()
        self._stop: Stop | None = None
        self.carried_bytes = 0
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def stop_at(self, marker: bytes, beyond: int) -> threading.Event:
        """Carry nothing more once so many bytes have come behind this one; the event says that it is so."""
        with self._lock:
            self._stop = Stop(marker, beyond)
            self._may_go.set()
            return self._stop.reached

    def go_on(self) -> None:
        with self._lock:
            self._stop = None
            self._may_go.set()

    def close(self) -> None:
        self._may_go.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                near.setsockopt(
                    socket.SOL_SOCKET, socket.SO_RCVBUF, self._piece_bytes
                )  # else it takes more than the line
                try:
                    far = socket.create_connection(("127.0.0.1", self._to), timeout=10)
                except OSError:  # the server is away
                    near.close()
                    continue
                far.settimeout(None)
                threading.Thread(target=self._carry, args=(near, far, True), daemon=True).start()
                threading.Thread(target=self._carry, args=(far, near, False), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket, slowly: bool) -> None:
        with suppress(OSError):
            while data := source.recv(self._piece_bytes):
                if slowly:
                    self._wait(data)
                target.sendall(data)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _wait(self, data: bytes) -> None:
        self._may_go.wait()
        with self._lock:  # of all connections together, as on a real line
            time.sleep(len(data) / self._per_s)
            self.carried_bytes += len(data)
            if self._stop and self._stop.comes_with(data):
                self._may_go.clear()
        self._may_go.wait()


@contextmanager
def slow_line(to: int, bytes_per_s: int) -> Iterator[Line]:
    line = Line(to, bytes_per_s)
    try:
        yield line
    finally:
        line.close()
