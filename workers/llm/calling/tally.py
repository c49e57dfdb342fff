"""How many tokens a call can use at most, so that the budget can set them aside before anybody has counted."""

from __future__ import annotations

from collections.abc import Sequence

from workers.llm.calling.wire import size_bytes
from workers.llm.port import Message, Tool

AROUND_TOKENS = 1024  # what a provider puts around a conversation with tools
BYTES_PER_TOKEN = 3  # of a guess on the high side; English and code have about four


class Tally:
    """What the provider counted for the beginning of the conversation, plus one token per byte of what is new.

    No tokenizer makes more tokens than bytes; and none has to be loaded here.
    """

    def __init__(self) -> None:
        self._seen: tuple[tuple[Message, ...], tuple[Tool, ...]] = ((), ())
        self._model = ""
        self._tokens = 0

    def most(self, model: str, messages: Sequence[Message], tools: Sequence[Tool]) -> int:
        """No call with this input has more tokens of input."""
        before, same_tools = self._seen
        count = len(before)
        if model == self._model and tuple(messages[:count]) == before and tuple(tools) == same_tools:
            return self._tokens + size_bytes(messages[count:])
        return size_bytes(messages, tools) + AROUND_TOKENS

    def counted(self, model: str, messages: Sequence[Message], tools: Sequence[Tool], tokens: int) -> None:
        """The provider counted this many for it."""
        self._seen = (tuple(messages), tuple(tools))
        self._model, self._tokens = model, tokens


def guess(size: int) -> int:
    """Tokens of text of this many bytes, where the provider did not count them."""
    return -(-size // BYTES_PER_TOKEN)
