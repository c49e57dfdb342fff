"""CacheFolder: what one job leaves for the next with the same key. Bounded: what was not used for longest goes."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

PART = ".part"


class CacheFolder:
    """A file per key, written as a whole or not at all; of two jobs with one key the later one's counts."""

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        self._folder = folder
        self._limit_bytes = limit_bytes

    def get(self, key: str) -> BinaryIO | None:
        try:
            file = self._path(key).open("rb")
        except OSError:
            return None
        os.utime(self._path(key))
        return file

    def put(self, key: str, tar: Iterator[bytes]) -> None:
        """Raises OSError for a full disk; what was there stays then."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = self._folder / f"{secrets.token_hex(8)}{PART}"
        try:
            size_bytes = 0
            with part.open("xb") as file:
                for piece in tar:
                    size_bytes += len(piece)
                    if size_bytes > self._limit_bytes:
                        return
                    file.write(piece)
            part.replace(self._path(key))
        finally:
            part.unlink(missing_ok=True)
        self.trim()

    def trim(self) -> None:
        """Down to the limit; parts of writers that died go too."""
        if not self._folder.is_dir():
            return
        found = sorted(((path.stat().st_mtime, path) for path in self._folder.iterdir()), reverse=True)
        total = 0
        for _, path in found:
            total += path.stat().st_size
            if total > self._limit_bytes:
                path.unlink(missing_ok=True)

    def remove_parts(self) -> None:
        for path in self._folder.glob(f"*{PART}"):
            path.unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        return self._folder / hashlib.sha256(key.encode(errors="replace")).hexdigest()
