"""Which function answers which request: `@route("GET", "/notes/{id}")`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from app.errors import NotFound, RequestError


@dataclass(frozen=True)
class Request:
    """`body` is the JSON that was sent; None where there was none."""

    method: str
    path: str
    query: dict[str, str] = field(default_factory=dict)
    body: Any = None


@dataclass(frozen=True)
class Answer:
    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


Handler = Callable[..., Answer]


class Routes:
    """`{id}` in a path stands for a whole number, and is handed over as an int under its name."""

    def __init__(self) -> None:
        self.known: list[tuple[str, str, re.Pattern[str], Handler]] = []

    def route(self, method: str, path: str) -> Callable[[Handler], Handler]:
        pattern = re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[0-9]{1,18})", re.escape(path)))

        def remember(handler: Handler) -> Handler:
            self.known.append((method, path, pattern, handler))
            return handler

        return remember

    def answer(self, request: Request) -> Answer:
        """HEAD is answered as GET. Raises RequestError: 404 for an unknown path, 405 for the wrong method there."""
        method = "GET" if request.method == "HEAD" else request.method
        allowed = set()
        for known, _, pattern, handler in self.known:
            if match := pattern.fullmatch(request.path):
                if known == method:
                    return handler(request, **{name: int(value) for name, value in match.groupdict().items()})
                allowed.add(known)
        if allowed:
            names = ", ".join(sorted(allowed | ({"HEAD"} if "GET" in allowed else set())))
            raise RequestError(405, f"{request.path} takes {names}.", Allow=names)
        raise NotFound(f"There is nothing at {request.path}.")

    def list(self) -> list[str]:
        return [f"{method} {path}" for method, path, _, _ in self.known]
