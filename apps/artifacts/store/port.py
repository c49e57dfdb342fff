"""ArtifactStore: bytes by key. Knows nothing of runs, jobs or people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, Protocol

PIECE_BYTES = 256 * 1024
NO_UPLOAD = "There is no such upload (any more)."

Source = BinaryIO | Iterable[bytes]


class StoreError(Exception):
    """The store could not do it."""


class NotStored(StoreError):
    """Nothing lies under this key."""


class BadKey(StoreError, ValueError):
    """This is not a key. A key is parts of letters, digits, `.`, `_` and `-`, joined by `/`, 300 characters at most."""


class StoreUnavailable(StoreError):
    """The store is full, broken or away; later it may work."""


@dataclass(frozen=True)
class Stored:
    """What put() has written."""

    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class Info:
    key: str
    size_bytes: int
    modified_at: datetime


@dataclass(frozen=True)
class Link:
    """An address that works without signing in, until then. It may be a path on Hive's own web server."""

    url: str
    expires_at: datetime


class Parts(Protocol):
    """Uploads in parts, for what is so large that a line which breaks should not cost all of it.

        begin ──▶ PUT to the link of each part, in any order, as often as it takes ──▶ join: now the key is there

    A part is numbered from 1, and 5 MiB at least, but for the last one. What was begun and never joined is taken back
    by remove_partials(). An upload that is no more (joined, or taken back) raises NotStored.
    """

    def begin(self, key: str) -> str:
        """The upload's name, which the other calls take."""
        ...

    def link(self, key: str, upload: str, number: int, expires_s: float, *, size_bytes: int) -> Link:
        """An address that takes exactly `size_bytes` by HTTP PUT as this part. The store is not asked."""
        ...

    def put(self, stream: Source, key: str, upload: str, number: int) -> int:
        """One part, whole or not at all; what came before under its number is replaced. Its size in bytes."""
        ...

    def arrived(self, key: str, upload: str) -> dict[int, int]:
        """The size in bytes of each part that is there, by its number."""
        ...

    def join(self, key: str, upload: str) -> None:
        """The parts that are there become the key's bytes, in the order of their numbers, as put() would do it."""
        ...


class ArtifactStore(Protocol):
    """Every method may be called from any thread and any process, and raises StoreError.

    A key is written as a whole or not at all: whoever reads it sees the old bytes or the new ones, also after a crash
    in the middle of put(). A key cannot be the folder of another (`a` and `a/b`).
    """

    @property
    def parts(self) -> Parts: ...

    def put(self, stream: Source, key: str, patience_s: float = 0.0) -> Stored:
        """Write everything that `stream` gives; what lay under the key is replaced. Durable when it returns.

        What the stream itself raises goes through, and nothing is written then. A store that can be away for a while
        (it restarts, the network is cut) is asked again for `patience_s` before StoreUnavailable is raised.
        """
        ...

    def get(self, key: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """The bytes from `start` up to `stop`, in pieces; beyond the end there are none. NotStored at the call."""
        ...

    def info(self, key: str) -> Info:
        """Raises NotStored."""
        ...

    def exists(self, key: str) -> bool: ...

    def delete(self, key: str) -> None:
        """Nothing lies there afterwards; that nothing lay there before is no error."""
        ...

    def list(self, prefix: str = "") -> Iterator[Info]:
        """Every key that begins with `prefix`, in the order of keys. What comes or goes meanwhile may be missed."""
        ...

    def link_to_get(self, key: str, expires_s: float, *, file_name: str = "", content_type: str = "") -> Link:
        """An address to download the key from, offered as `file_name`. Whether the key exists is not looked at."""
        ...

    def link_to_put(self, key: str, expires_s: float, *, size_bytes: int) -> Link:
        """An address that takes exactly `size_bytes` by HTTP PUT and stores them under the key."""
        ...

    def prepare(self, patience_s: float = 0.0) -> None:
        """Make the place where everything will lie, unless it is there. Safe to repeat, also by two at once."""
        ...

    def check(self) -> None:
        """Raises StoreUnavailable where the store cannot be used now. Cheap: asked every few seconds."""
        ...

    def remove_partials(self, before: datetime) -> int:
        """Delete what interrupted writes of before that moment have left; returns how many."""
        ...
