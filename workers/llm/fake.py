"""A model that answers from a script. It talks to nobody."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from workers.llm.budget import Ask, Budget, FakeBudget
from workers.llm.port import (
    HEARTBEAT_S,
    Delta,
    Finish,
    Kind,
    Message,
    ModelCanceled,
    ModelError,
    OnDelta,
    Reply,
    Tool,
    ToolCall,
    Usage,
    ignore,
)

PIECE = 20  # characters per delta


@dataclass(frozen=True)
class Asked:
    """What a call was given."""

    messages: tuple[Message, ...]
    tools: tuple[Tool, ...]


@dataclass(frozen=True)
class Hang:
    """A model that never answers: until it is canceled."""


Turn = Reply | Exception | Hang
Script = Iterable[Turn] | Callable[[Asked], Turn]
"""Turn by turn, or any function. A script that ran out answers with a permanent error."""


def says(text: str, *, usage: Usage = Usage(100, 20, cost_micros=500)) -> Reply:  # noqa: B008 - a frozen value
    return Reply(text, usage=usage)


def calls(name: str, *, text: str = "", id: str = "call-1", **arguments: object) -> Reply:
    """A reply that calls one tool."""
    call = ToolCall(id, name, arguments)
    return Reply(text, (call,), Finish.TOOL_CALLS, Usage(100, 20, cost_micros=500))


class FakeModel:
    """See port.Model. `asked` tells afterwards what it was given."""

    def __init__(
        self,
        script: Script,
        *,
        budget: Budget | None = None,
        name: str = "fake/model",
        heartbeat_s: float = HEARTBEAT_S,
    ) -> None:
        self.name = name
        self.asked: list[Asked] = []
        self.budget = budget or FakeBudget()
        self._script = script if callable(script) else iter(script)
        self._canceled = threading.Event()
        self._why = ""
        self._heartbeat_s = heartbeat_s * 0.9  # at least so often, on a busy machine too

    def reply(self, messages: Sequence[Message], tools: Sequence[Tool] = (), on_delta: OnDelta = ignore) -> Reply:
        self._check()
        asked = Asked(tuple(messages), tuple(tools))
        reserved = self.budget.reserve(Ask(self.name, tokens=1_000, cost_micros=10_000))
        began = time.monotonic()
        try:
            self.asked.append(asked)
            turn = self._next(asked)
            while isinstance(turn, Hang):
                self._wait(began, on_delta)
            if isinstance(turn, Exception):
                raise turn
            self._tell(turn, on_delta)
        except BaseException:
            self.budget.release(reserved)
            raise
        self.budget.settle(reserved, turn.usage)
        return replace(turn, model=turn.model or self.name, duration_s=time.monotonic() - began)

    def _next(self, asked: Asked) -> Turn:
        if callable(self._script):
            return self._script(asked)
        end = ModelError("The script of the fake model is at its end.", permanent=True)
        return next(self._script, end)

    def _tell(self, reply: Reply, on_delta: OnDelta) -> None:
        for start in range(0, len(reply.text), PIECE):
            self._check()
            on_delta(Delta(Kind.TEXT, reply.text[start : start + PIECE]))
        for call in reply.tool_calls:
            on_delta(Delta(Kind.TOOL_CALL, call.name))

    def _wait(self, began: float, on_delta: OnDelta) -> None:
        self._canceled.wait(self._heartbeat_s)
        self._check()
        on_delta(Delta(Kind.WAITING, f"Waiting for {self.name}", time.monotonic() - began))

    def _check(self) -> None:
        if self._canceled.is_set():
            raise ModelCanceled(self._why)

    def cancel(self, why: str) -> None:
        self._why = self._why or why
        self._canceled.set()
