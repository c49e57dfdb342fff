"""Assembly: puts a streamed reply together, piece by piece."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from workers.llm.port import Delta, Finish, Kind, ToolCall

FINISHES = {"length": Finish.LENGTH, "content_filter": Finish.REFUSED, "tool_calls": Finish.TOOL_CALLS}


class Assembly:
    """Takes chunks, as apart.program tells them; has the reply when they have ended."""

    def __init__(self) -> None:
        self.received_bytes = 0
        self.usage: Any = None
        self._text: list[str] = []
        self._calls: list[_Call] = []
        self._finish = ""

    def take(self, chunk: Any) -> Iterator[Delta]:
        """What is new in it."""
        self.usage = chunk.usage or self.usage
        for choice in chunk.choices:
            self._finish = choice.finish_reason or self._finish
            for delta in self._pieces(choice):
                self.received_bytes += len(delta.text.encode(errors="replace"))
                yield delta

    def _pieces(self, choice: Any) -> Iterator[Delta]:
        if choice.thinking:
            yield Delta(Kind.THINKING, choice.thinking)
        if choice.text:
            self._text.append(choice.text)
            yield Delta(Kind.TEXT, choice.text)
        for piece in choice.tool_calls:
            call = self._call(piece)
            call.id = call.id or piece.id
            call.name += piece.name
            call.raw.append(piece.arguments)
            if piece.name or piece.arguments:
                yield Delta(Kind.TOOL_CALL, piece.name or piece.arguments)

    def _call(self, piece: Any) -> _Call:
        """The call that this is a piece of. Two with different ids are two, though some formats number both alike."""
        index = piece.index
        for call in reversed(self._calls):
            if call.index == index and (not piece.id or not call.id or piece.id == call.id):
                return call
        self._calls.append(_Call(index))
        return self._calls[-1]

    @property
    def is_empty(self) -> bool:
        return not self._text and not self._calls and self.usage is None

    @property
    def text(self) -> str:
        return "".join(self._text)

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        return tuple(call.whole(number) for number, call in enumerate(self._calls))

    @property
    def finish(self) -> Finish:
        usual = Finish.TOOL_CALLS if self._calls else Finish.STOP
        found = FINISHES.get(self._finish, usual)
        return usual if found is Finish.TOOL_CALLS else found


class _Call:
    """A tool call while it is being written."""

    def __init__(self, index: int) -> None:
        self.index = index
        self.id = ""
        self.name = ""
        self.raw: list[str] = []

    def whole(self, number: int) -> ToolCall:
        raw = "".join(self.raw)
        call_id = self.id or f"call_{number}"
        try:
            arguments = json.loads(raw or "{}")
        except ValueError as error:
            return ToolCall(call_id, self.name, {}, raw, f"The arguments are not valid JSON: {error}.")
        if not isinstance(arguments, dict):
            return ToolCall(call_id, self.name, {}, raw, "The arguments are not a JSON object.")
        return ToolCall(call_id, self.name, arguments, raw)
