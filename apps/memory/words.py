"""The words of a text, the same for every database: neither is asked to take a text apart in its own way."""

from __future__ import annotations

import re
import unicodedata

LONGEST_WORD = 60
MOST_ASKED = 16  # words of one question

_WORD = re.compile(r"[^\W_]+")


def words_of(text: str) -> list[str]:
    """Letters and digits, small; everything else is a border. So they hold nothing that a query language knows."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return [word[:LONGEST_WORD] for word in _WORD.findall(unicodedata.normalize("NFKC", plain))]


def asked_for(question: str) -> list[str]:
    """The first different words of a question."""
    return list(dict.fromkeys(words_of(question)))[:MOST_ASKED]
