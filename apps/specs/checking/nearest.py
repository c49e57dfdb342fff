"""Did you mean …? Bounded, since a comparison with thousands of names takes milliseconds."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches

MOST_COMPARED = 20_000  # pairs of names per spec: some tenths of a second
MOST_LISTED = 30


class Nearest:
    """Finds the known name that a wrong one was most likely meant to be, until its budget of comparisons is spent."""

    def __init__(self) -> None:
        self.left = MOST_COMPARED

    def to(self, word: str, known: Collection[str]) -> str | None:
        if self.left < len(known) or len(word) > 100:
            return None
        self.left -= len(known)
        lower = {name.lower(): name for name in known}
        found = get_close_matches(word.lower(), lower, n=1, cutoff=0.6)
        return lower[found[0]] if found else None

    def hint(self, word: str, known: Collection[str]) -> str:
        """`Did you mean …?`, else what is known, where that is a list that one reads."""
        if near := self.to(word, known):
            return f"Did you mean `{near}`?"
        return f"Known here: {', '.join(sorted(known))}." if 0 < len(known) <= MOST_LISTED else ""
