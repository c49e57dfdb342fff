"""What a scripted provider is told to answer, and what it was asked: the same for every wire format."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

PIECE = 40  # characters of text per streamed piece


@dataclass(frozen=True)
class Call:
    """A tool call. `raw` is sent as it is: it need not be JSON."""

    name: str
    raw: str

    @property
    def arguments(self) -> dict[str, Any]:
        return json.loads(self.raw)


@dataclass(frozen=True)
class Talk:
    """An answer: text, calls, or both, and what it says that it used."""

    text: str = ""
    calls: tuple[Call, ...] = ()
    input_tokens: int = 100
    output_tokens: int = 20
    cut_off: bool = False  # it reached its output limit
    thinking: str = ""
    wait_s: float = 0.0  # before the first byte

    def pieces(self) -> list[str]:
        size = max(PIECE, len(self.text) // 500)
        return [self.text[start : start + size] for start in range(0, len(self.text), size)]


@dataclass(frozen=True)
class Refuse:
    """An error before anything of an answer."""

    status: int
    message: str = "Refused by the script."
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Stall:
    """The first pieces of an answer, and then silence, with the connection open."""

    talk: Talk = Talk("This is how it begins, and then nothing more is said for a long time.")
    pieces: int = 1
    for_s: float = 30.0


@dataclass(frozen=True)
class Cut:
    """The first pieces of an answer, and then the connection is cut."""

    talk: Talk = Talk("This is how it begins, and then the line goes dead before it is said.")
    pieces: int = 1


@dataclass(frozen=True)
class Garbage:
    """A success by its status, whose body is nothing that a client can read."""

    body: bytes = b"<html>It works!</html>"


Turn = Talk | Refuse | Stall | Cut | Garbage


@dataclass(frozen=True)
class Seen:
    """A request, in one shape for all formats. `messages` are (role, text) pairs; a tool's answer has the role tool."""

    format: str
    model: str
    messages: tuple[tuple[str, str], ...]
    tools: tuple[str, ...]
    stream: bool
    key: str
    body: dict[str, Any]

    @property
    def last(self) -> str:
        return self.messages[-1][1]


Script = Iterable[Turn] | Callable[[Seen], Turn]
"""Turn by turn, or any function of what was asked. A script that ran out refuses with 400."""


def says(text: str, *, input_tokens: int = 100, output_tokens: int = 20) -> Talk:
    return Talk(text, input_tokens=input_tokens, output_tokens=output_tokens)


def calls(name: str, *, text: str = "", **arguments: Any) -> Talk:
    return Talk(text, (Call(name, json.dumps(arguments)),))


def overloaded(retry_after_s: float | None = None) -> Refuse:
    """429; with how long to wait, where a number is given."""
    headers = {} if retry_after_s is None else {"Retry-After": f"{retry_after_s:g}"}
    return Refuse(429, "Too many requests.", headers)


def stalls(for_s: float) -> Stall:
    return Stall(for_s=for_s)
