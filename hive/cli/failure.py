"""The one exception that a verb ends with when it cannot do what it was asked."""

from __future__ import annotations


class Failure(Exception):
    """A sentence for the reader (what happened, where, what to do) and the exit code; never a traceback."""

    def __init__(self, sentence: str, exit_code: int = 2) -> None:
        super().__init__(sentence)
        self.exit_code = exit_code
