"""Counting: a source of bytes on its way into an upload."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from apps.artifacts.store.keys import pieces
from apps.artifacts.store.port import Source, Stored


class Counting:
    """Gives as many bytes as it is asked for, and knows afterwards what they were.

    What the source raises stays in `failure`: minio catches it, takes the upload back, and may fail at that; the
    caller wants the first of the two.
    """

    def __init__(self, source: Source) -> None:
        self._pieces: Iterator[bytes] = pieces(source)
        self._rest = memoryview(b"")
        self._digest = hashlib.sha256()
        self._size_bytes = 0
        self.ended = False
        self.failure: Exception | None = None

    @property
    def stored(self) -> Stored:
        return Stored(self._size_bytes, self._digest.hexdigest())

    def read(self, size: int) -> bytes:
        """Exactly `size` bytes; fewer at the end, and only there."""
        taken = bytearray()
        while len(taken) < size and (self._rest or self._advance()):
            wanted = size - len(taken)
            taken += self._rest[:wanted]
            self._rest = self._rest[wanted:]
        self._digest.update(taken)
        self._size_bytes += len(taken)
        return bytes(taken)

    def _advance(self) -> bool:
        """On to the next piece that holds something; False at the end."""
        try:
            piece = next((piece for piece in self._pieces if piece), None)
        except Exception as error:
            self.failure = error
            raise
        self._rest = memoryview(piece or b"")
        self.ended = piece is None
        return not self.ended
