"""Texts that every database keeps: PostgreSQL has no place for a NUL, nor for half of a surrogate pair.

Both come from outside: a test that prints binary junk, a file name, a page. Each is replaced by U+FFFD.
"""

from __future__ import annotations

from typing import Any

REPLACEMENT = "\ufffd"


def storable(value: Any) -> Any:
    """The same value, its texts such that they can be stored. What can be stored already is given back as it is."""
    if isinstance(value, str):
        return value if _is_storable(value) else _replaced(value)
    if isinstance(value, dict):
        return {storable(key) if isinstance(key, str) else key: storable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [storable(item) for item in value]
    return value


def _is_storable(text: str) -> bool:
    if text.isascii():
        return "\0" not in text
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def _replaced(text: str) -> str:
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return whole.replace("\0", REPLACEMENT)
