"""Outgoing: a job's output, on disk until Hive has it. A server that is away costs disk space, not output."""

from __future__ import annotations

import threading
import zlib
from pathlib import Path

TAIL_BYTES = 256 * 1024
PIECE_BYTES = 1024 * 1024
REST_BYTES = 32 * 1024  # so much of the end goes along with the final word


class Outgoing:
    """Of more output than the limit the head and the tail are kept, with a line between them. Thread-safe.

    `arrived` is how much Hive has said that it has. Raises OSError where the disk is full.
    """

    def __init__(self, path: Path, limit_bytes: int) -> None:
        self._file = path.open("w+b", buffering=0)
        self._head_left = max(limit_bytes - TAIL_BYTES, 0)
        self._tail = bytearray()
        self._left_out = 0
        self._lock = threading.Lock()
        self.size_bytes = 0
        self.crc32 = 0
        self.arrived = 0
        self.closed = False
        self.fresh = threading.Event()

    def write(self, data: bytes) -> None:
        with self._lock:
            head = data[: self._head_left]
            self._append(head)
            self._head_left -= len(head)
            if len(head) < len(data):
                self._tail += data[len(head) :]
                if len(self._tail) > 2 * TAIL_BYTES:
                    self._left_out += len(self._tail) - TAIL_BYTES
                    del self._tail[:-TAIL_BYTES]

    def close(self) -> None:
        """Nothing more is printed. It is closed, and what there is can be sent, also where it raises OSError."""
        with self._lock:
            if self.closed:
                return
            try:
                self._append_tail()
            finally:
                self.closed = True
                self.fresh.set()

    def _append_tail(self) -> None:
        if len(self._tail) > TAIL_BYTES:
            self._left_out += len(self._tail) - TAIL_BYTES
            del self._tail[:-TAIL_BYTES]
        if self._left_out:
            self._append(f"\n[hive: {self._left_out:,} bytes were not kept here]\n".encode())
        self._append(bytes(self._tail))

    def piece(self) -> tuple[int, bytes, bool]:
        """What Hive has not yet: (offset, bytes, whether that is the end of it)."""
        with self._lock:
            start = self.arrived
            self._file.seek(start)
            data = self._file.read(PIECE_BYTES) or b""
            return start, data, self.closed and start + len(data) == self.size_bytes

    @property
    def only_a_rest(self) -> bool:
        """Nothing more is printed, and what has not arrived is short."""
        return self.closed and self.size_bytes - self.arrived <= REST_BYTES

    def dispose(self) -> None:
        self._file.close()

    def _append(self, data: bytes) -> None:
        if data:
            self._file.seek(self.size_bytes)
            while data:  # what a disk that fills up still took counts: it is sent, too
                written = self._file.write(data) or 0
                self.size_bytes += written
                self.crc32 = zlib.crc32(data[:written], self.crc32)
                data = data[written:]
            if self.size_bytes - self.arrived >= PIECE_BYTES:
                self.fresh.set()
