"""Verified: a download that is what was promised, or the job does not begin."""

from __future__ import annotations

import hashlib
import io
from typing import BinaryIO

from workers.sandbox.port import SandboxError


class Verified(io.RawIOBase):
    """Passes bytes on and counts them. What does not fit is refused at its end, before any command has run."""

    def __init__(self, source: BinaryIO, sha256: str, size_bytes: int) -> None:
        self._source = source
        self._sha256 = sha256
        self._size_bytes = size_bytes
        self._digest = hashlib.sha256()
        self._count = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        data = self._source.read(size)
        if not data and size:
            self._compare()
        self._count += len(data)
        if self._count > self._size_bytes:
            raise SandboxError(f"The package is longer than the {self._size_bytes} bytes that were promised.")
        self._digest.update(data)
        return data

    def _compare(self) -> None:
        """Raises SandboxError: the next attempt may get all."""
        if (self._count, self._digest.hexdigest()) != (self._size_bytes, self._sha256):
            raise SandboxError(f"The package arrived damaged: {self._count} bytes, which are not those that were sent.")
