"""How many tokens a call can use at most, so that the budget can set them aside before anybody has counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workers.llm.calling.wire import size_bytes
from workers.llm.port import Message, Tool

AROUND_TOKENS = 1024  # what a provider puts around a conversation with tools
REMEMBERED = 4
BYTES_PER_TOKEN = 3  # of a guess on the high side; English and code have about four


@dataclass(frozen=True)
class _Counted:
    """A conversation, and how many tokens of input its provider counted."""

    model: str
    messages: tuple[Message, ...]
    tools: tuple[Tool, ...]
    tokens: int

    def begins(self, model: str, messages: Sequence[Message], tools: Sequence[Tool]) -> bool:
        same = model == self.model and tuple(tools) == self.tools
        return same and tuple(messages[: len(self.messages)]) == self.messages


class Tally:
    """What the provider counted for the beginning of the conversation, plus one token per byte of what is new.

    No tokenizer makes more tokens than bytes; and none has to be loaded here. The last few conversations are
    remembered: a program may hold several at once.
    """

    def __init__(self) -> None:
        self._counted: tuple[_Counted, ...] = ()

    def most(self, model: str, messages: Sequence[Message], tools: Sequence[Tool]) -> int:
        """No call with this input has more tokens of input."""
        found = [one for one in self._counted if one.begins(model, messages, tools)]
        if found:
            longest = max(found, key=lambda one: len(one.messages))
            return longest.tokens + size_bytes(messages[len(longest.messages) :])
        return size_bytes(messages, tools) + AROUND_TOKENS

    def counted(self, model: str, messages: Sequence[Message], tools: Sequence[Tool], tokens: int) -> None:
        """The provider counted this many for it."""
        new = _Counted(model, tuple(messages), tuple(tools), tokens)
        kept = [one for one in self._counted if not one.begins(model, messages, tools)]
        self._counted = (*kept[-(REMEMBERED - 1) :], new)


def guess(size: int) -> int:
    """Tokens of text of this many bytes, where the provider did not count them."""
    return -(-size // BYTES_PER_TOKEN)
