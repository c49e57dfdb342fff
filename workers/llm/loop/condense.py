"""Keep the conversation within what the model can read: old observations shrink first, then old steps go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from workers.llm.port import Message, Role

CHARACTERS_PER_TOKEN = 3.5  # a careful guess: code has shorter tokens than prose
MESSAGE_TOKENS = 8
KEEP_LAST = 8  # messages at the end that stay as they are
SHORT = 400  # characters that are left of an old observation
SHRINK_TO = 0.6  # of the limit: so that it is seldom done, and the provider's cache holds in between


def tokens(messages: Sequence[Message]) -> int:
    """About how many tokens the provider will count."""
    return sum(MESSAGE_TOKENS + int(_size(message) / CHARACTERS_PER_TOKEN) for message in messages)


def _size(message: Message) -> int:
    return len(message.text) + sum(
        len(call.name) + len(call.raw or str(dict(call.arguments))) for call in message.tool_calls
    )


class Condenser:
    """What the model is shown of the conversation. What was condensed once stays so: the beginning does not change.

    The first `fixed` messages (system prompt and task) are never touched.
    """

    def __init__(self, limit_tokens: int, fixed: int = 2) -> None:
        self.limit_tokens = limit_tokens
        self._fixed = fixed
        self._short = 0  # observations before this message are shortened
        self._gone = fixed  # messages from `fixed` up to here are left out

    def shown(self, messages: Sequence[Message]) -> list[Message]:
        view = self._view(messages)
        if tokens(view) > self.limit_tokens:
            self.shrink(messages)
            view = self._view(messages)
        return view

    def shrink(self, messages: Sequence[Message]) -> bool:
        """Make the view smaller, also because a provider says that it is too long. False: nothing is left to take."""
        before = (self._short, self._gone)
        target = int(min(self.limit_tokens, tokens(self._view(messages))) * SHRINK_TO)
        last = max(len(messages) - KEEP_LAST, self._fixed)
        self._short = max(self._short, last)
        while tokens(self._view(messages)) > target and (after := self._next_step(messages, last)):
            self._gone = after
        return (self._short, self._gone) != before

    def _next_step(self, messages: Sequence[Message], last: int) -> int:
        """Where the step after the first one that is still shown begins; a call never loses its answer."""
        return next((at for at in range(self._gone + 1, last) if messages[at].role is Role.ASSISTANT), 0)

    def _view(self, messages: Sequence[Message]) -> list[Message]:
        view = list(messages[: self._fixed])
        if self._gone > self._fixed:
            left_out = self._gone - self._fixed
            view.append(
                Message(Role.USER, f"[{left_out} earlier messages are left out here. The files are as you left them.]")
            )
        for at in range(self._gone, len(messages)):
            view.append(_shortened(messages[at]) if at < self._short else messages[at])
        return view


def _shortened(message: Message) -> Message:
    if message.role is not Role.TOOL or len(message.text) <= 2 * SHORT:
        return message
    left_out = len(message.text) - SHORT
    return replace(
        message,
        text=f"{message.text[:SHORT]}\n[… {left_out:,} characters left out; call the tool again if you need them]",
    )
