"""Later: an answer that waits for something to happen, without holding a thread while it does (hive/handler.py)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from django.http import HttpResponse


class Later(HttpResponse):
    """What a view returns for "not yet": `answer` is awaited in the event loop, and canceled when the client leaves;
    then `gone` is called there.
    """

    def __init__(self, answer: Callable[[], Awaitable[HttpResponse]], gone: Callable[[], None] | None = None) -> None:
        super().__init__(status=204)
        self.answer = answer
        self.gone = gone
