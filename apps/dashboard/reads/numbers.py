"""Numbers as they come in an address."""

from __future__ import annotations


def whole_number(text: str | None) -> int | None:
    """A row's number, or None for anything that could be none; larger ones would not fit the database's column."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None
