"""Patience: how often and how long a provider is asked again."""

from __future__ import annotations

import random
from dataclasses import dataclass

from workers.llm.port import ModelError


@dataclass(frozen=True)
class Patience:
    """`attempts` per endpoint. Between them the wait doubles, with some chance in it, unless the provider says more."""

    attempts: int = 5
    first_wait_s: float = 1.0
    longest_wait_s: float = 30.0
    longest_retry_after_s: float = 120.0  # who wants more is given up at once: the next in the list may answer now

    def wait_s(self, attempt: int, error: ModelError) -> float | None:
        """How long to wait after this attempt (1, 2 …) failed; None where it is not to be tried again here."""
        asked = error.retry_after_s or 0.0
        if error.permanent or attempt >= self.attempts or asked > self.longest_retry_after_s:
            return None
        usual = min(self.first_wait_s * 2 ** (attempt - 1), self.longest_wait_s)
        return max(usual * random.uniform(0.75, 1.25), asked)  # noqa: S311 - no secret hangs on it

    def why_no_more(self, attempt: int, error: ModelError) -> str:
        """The reason for giving up, for the reader."""
        if error.permanent:
            return "asking again would not help"
        if attempt >= self.attempts:
            return f"given up after {attempt} attempts"
        return (
            f"it wants {error.retry_after_s:.0f} s of waiting, more than the {self.longest_retry_after_s:.0f} s allowed"
        )
