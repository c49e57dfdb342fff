"""A long-lived process's output in a file that stays small."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from workers.sandbox.port import MIB

LIMIT_BYTES = 8 * MIB


class BoundedLog:
    """Appends; at the limit the file becomes `<name>.1` and a new one begins."""

    def __init__(self, path: Path, limit_bytes: int = LIMIT_BYTES) -> None:
        """Raises OSError when the file cannot be opened."""
        self._path = path
        self._limit_bytes = limit_bytes
        path.parent.mkdir(parents=True, exist_ok=True)
        self._open()

    def _open(self) -> None:
        self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._size_bytes = os.fstat(self._file).st_size

    def write(self, data: bytes) -> None:
        """Never raises: a full disk costs lines of the log, not the process that prints them."""
        with contextlib.suppress(OSError):
            if self._size_bytes and self._size_bytes + len(data) > self._limit_bytes:
                self._path.replace(self._path.with_name(f"{self._path.name}.1"))
                os.close(self._file)
                self._open()
            self._size_bytes += os.write(self._file, data)

    def close(self) -> None:
        os.close(self._file)
