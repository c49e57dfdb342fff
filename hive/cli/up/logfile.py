"""A log file that stays bounded: past its limit it becomes `name.log.1`, in place of the one before."""

from __future__ import annotations

import os
from pathlib import Path

LIMIT_BYTES = 10 * 1024 * 1024


class LogFile:
    """Appends bytes to a file. Writing never raises: a full disk must not stop the supervisor."""

    def __init__(self, path: Path, limit_bytes: int = LIMIT_BYTES) -> None:
        self.path = path
        self._limit_bytes = limit_bytes
        self._descriptor = -1
        self._size_bytes = 0
        self._open()

    def write(self, data: bytes) -> None:
        try:
            if self._size_bytes and self._size_bytes + len(data) > self._limit_bytes:
                self._rotate()
            self._size_bytes += os.write(self._descriptor, data)
        except OSError:
            pass  # full, or taken away below us: the lines are lost, Hive goes on

    def close(self) -> None:
        os.close(self._descriptor)

    def _open(self) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        self._descriptor = os.open(self.path, flags, 0o600)
        self._size_bytes = os.fstat(self._descriptor).st_size
        if self._size_bytes >= self._limit_bytes:
            self._rotate()

    def _rotate(self) -> None:
        """The old file is renamed before the new one is opened: a death in between costs a name, never a line."""
        self.path.replace(self.path.with_name(f"{self.path.name}.1"))
        os.close(self._descriptor)
        self._open()
