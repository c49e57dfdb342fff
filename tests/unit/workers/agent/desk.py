"""A desk that remembers."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from apps.fleet.order import Cache, Package


@dataclass
class Remembering:
    """See port.Desk."""

    packed: bytes = b""
    printed: bytes = b""
    kept: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    caches: dict[str, bytes] = field(default_factory=dict)
    stopped: str = ""
    wrong: str = ""

    def output(self, data: bytes) -> None:
        self.printed += data

    def package(self, package: Package) -> BinaryIO:
        return io.BytesIO(self.packed)

    def keep(self, name: str, kind: str, content: BinaryIO, size_bytes: int) -> None:
        self.kept[name] = kind, content.read()

    def restore(self, cache: Cache) -> BinaryIO | None:
        return io.BytesIO(self.caches[cache.key]) if cache.key in self.caches else None

    def store(self, cache: Cache, tar: Iterator[bytes]) -> None:
        self.caches[cache.key] = b"".join(tar)

    def trouble(self) -> str:
        return self.wrong

    def on_stop(self, call: Callable[[str], None]) -> None:
        if self.stopped:
            call(self.stopped)
