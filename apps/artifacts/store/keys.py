"""What a key may look like, and a source of bytes as pieces. Shared by every store."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO, cast

from apps.artifacts.store.port import PIECE_BYTES, BadKey, Source

MAX_LENGTH = 300
PART = (
    r"[A-Za-z0-9_][A-Za-z0-9._-]*"  # no part begins with a dot: neither `..`, nor a name that a store keeps for itself
)
KEY = re.compile(rf"{PART}(?:/{PART})*")
PREFIX = re.compile(rf"(?:{PART}/)*(?:{PART})?")


def check_key(key: str) -> str:
    """The key itself. Raises BadKey."""
    if len(key) > MAX_LENGTH or not KEY.fullmatch(key):
        raise BadKey(f"{key[:MAX_LENGTH]!r} is not a key. {BadKey.__doc__}")
    return key


def is_key(text: str | None) -> bool:
    """Whether what was found in a store can be one of Hive's."""
    return bool(text) and len(text or "") <= MAX_LENGTH and bool(KEY.fullmatch(text or ""))


def check_prefix(prefix: str) -> str:
    if len(prefix) > MAX_LENGTH or not PREFIX.fullmatch(prefix):
        raise BadKey(f"{prefix[:MAX_LENGTH]!r} is not the beginning of a key. {BadKey.__doc__}")
    return prefix


def pieces(stream: Source) -> Iterator[bytes]:
    """A file's content in pieces of a bounded size; of anything else, what it gives."""
    if not hasattr(stream, "read"):
        yield from stream
        return
    file = cast(BinaryIO, stream)
    while piece := file.read(PIECE_BYTES):
        yield piece
