"""Caches: folders that one job leaves for the next with the same key, on this machine, within one project.

A cache may be lost at any moment: a job without it is slower. It is a tar under the hash of its key, put in place as a
whole; of several that write the same key the last one stays.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

MIB = 1024 * 1024
LARGEST_BYTES = 512 * MIB
ALL_BYTES = 2048 * MIB  # of one project; what was used longest ago goes first


class Caches:
    def __init__(self, folder: Path, largest_bytes: int = LARGEST_BYTES, all_bytes: int = ALL_BYTES) -> None:
        self._folder = folder
        self._largest_bytes = largest_bytes
        self._all_bytes = all_bytes

    def get(self, key: str) -> BinaryIO | None:
        place = self._place(key)
        try:
            os.utime(place)  # it is in use: others go before it
            return place.open("rb")
        except OSError:
            return None

    def put(self, key: str, tar: Iterator[bytes]) -> bool:
        """False where it is too large to be kept, or there is no room."""
        self._folder.mkdir(parents=True, exist_ok=True)
        fresh = self._folder / f"{secrets.token_hex(8)}.new"
        try:
            kept = self._write(fresh, tar)
            if kept:
                fresh.rename(self._place(key))
        except OSError:
            kept = False
        finally:
            fresh.unlink(missing_ok=True)
        self._make_room()
        return kept

    def _write(self, fresh: Path, tar: Iterator[bytes]) -> bool:
        size = 0
        with fresh.open("wb") as file:
            for piece in tar:
                size += len(piece)
                if size > self._largest_bytes:
                    return False
                file.write(piece)
        return True

    def _place(self, key: str) -> Path:
        return self._folder / f"{hashlib.sha256(key.encode()).hexdigest()}.tar"

    def _make_room(self) -> None:
        """Also takes what a process that died has left half written."""
        found = []
        for path in self._folder.iterdir():
            with contextlib.suppress(FileNotFoundError):
                status = path.stat()
                found.append((status.st_mtime, status.st_size, path))
        total = 0
        for _, size, path in sorted(found, reverse=True):
            total += size
            if total > self._all_bytes:
                path.unlink(missing_ok=True)
