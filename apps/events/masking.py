"""Take secrets out of output before it is stored, also where a secret is split over two pieces."""

from __future__ import annotations

import re
from collections.abc import Iterable

MASK = b"[masked]"
SHORTEST = 4  # masking "1" or "no" would make every log unreadable and still protect nothing


def worth_masking(secrets: Iterable[str]) -> list[bytes]:
    """The byte strings to look for, longest first: each secret, and each longer line of one that has several."""
    found = set()
    for secret in secrets:
        for text in (secret, *secret.splitlines()):
            if len(text.strip()) >= SHORTEST:
                found.add(text.strip().encode())
    return sorted(found, key=len, reverse=True)


def mask_text(text: str, secrets: Iterable[str]) -> str:
    for secret in worth_masking(secrets):
        text = text.replace(secret.decode(), MASK.decode())
    return text


def mask_bytes(data: bytes, secrets: Iterable[str], *, cut: bool = False) -> bytes:
    """The same for what need not be text. Of data that was `cut` off, an end that may begin a secret is left out."""
    masker = Masker(secrets)
    return masker.feed(data) + (b"" if cut else masker.rest())


class Masker:
    """Masks a stream. What might be the beginning of a secret is held back until the next piece or rest()."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = worth_masking(secrets)
        self._pattern = re.compile(b"|".join(re.escape(secret) for secret in self._secrets)) if self._secrets else None
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        if self._pattern is None:
            return data
        masked = self._pattern.sub(MASK, self._held + data)
        keep = self._beginning_of_a_secret(masked)
        self._held = masked[len(masked) - keep :]
        return masked[: len(masked) - keep]

    def rest(self) -> bytes:
        held, self._held = self._held, b""
        return held

    def _beginning_of_a_secret(self, data: bytes) -> int:
        """How many bytes at the end of `data` could be the beginning of a secret."""
        longest = min(len(data), max(len(secret) for secret in self._secrets) - 1)
        for size in range(longest, 0, -1):
            tail = data[-size:]
            if any(secret.startswith(tail) for secret in self._secrets):
                return size
        return 0
