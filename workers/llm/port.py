"""The Model port: messages and tools in, one Reply out, with what it used and what it cost.

What a caller may rely on, whichever provider answers:

- `reply` blocks in its own thread until the answer is there, and tells what arrives meanwhile through `on_delta`, in
  that same thread: text, thinking, tool calls as they grow, and at least every 5 s that it is still waiting.
- `cancel` may be called from any thread; a `reply` in progress raises ModelCanceled within a second, later ones at
  once.
- Every call was reserved in the budget before it was made, and settled with the real usage afterwards.
- An error carries its decision: `permanent` (asking again will not help) and, where the provider said so, how long to
  wait. Retries and fallbacks have been tried by the time it is raised.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

HEARTBEAT_S = 5.0


class Role(StrEnum):
    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"  # what a tool answered; `call_id` says to which call


class Finish(StrEnum):
    """Why the model stopped writing."""

    STOP = "stop"  # it had nothing more to say
    TOOL_CALLS = "tool_calls"
    LENGTH = "length"  # the output limit cut it off; its last tool call may be incomplete
    REFUSED = "refused"  # a filter of the provider's


@dataclass(frozen=True)
class ToolCall:
    """A tool that the model wants to be run.

    `problem` is a sentence for the model where its arguments are not a JSON object; `arguments` is empty then, and
    `raw` holds what it wrote.
    """

    id: str
    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    raw: str = ""
    problem: str = ""


@dataclass(frozen=True)
class Message:
    """One turn of the conversation."""

    role: Role
    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()  # of an assistant
    call_id: str = ""  # of a tool's answer
    name: str = ""  # of the tool that answered


@dataclass(frozen=True)
class Tool:
    """What the model may call. `parameters` is a JSON schema of type object."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True)
class Usage:
    """What one call used. Money is in millionths of a US dollar; None where nobody knows the model's price."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0  # of the input: read from the provider's cache
    cost_micros: int | None = 0
    estimated: bool = False  # the provider did not say, or was cut off before it could: Hive's guess, on the high side

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens


@dataclass(frozen=True)
class Reply:
    """What the model said."""

    text: str
    tool_calls: tuple[ToolCall, ...] = ()
    finish: Finish = Finish.STOP
    usage: Usage = Usage()
    model: str = ""  # provider/name of the one that answered: the first asked, or a fallback
    duration_s: float = 0.0

    @property
    def message(self) -> Message:
        """This reply as the next turn of the conversation."""
        return Message(Role.ASSISTANT, self.text, self.tool_calls)


class Kind(StrEnum):
    """What a Delta is."""

    TEXT = "text"
    THINKING = "thinking"
    TOOL_CALL = "tool_call"  # a piece of a call's arguments, as text
    WAITING = "waiting"  # nothing arrived for a while; `text` says for what it waits
    AGAIN = "again"  # what was told of this reply so far is void: it is asked again; `text` says why


@dataclass(frozen=True)
class Delta:
    """A piece of a reply that is being written."""

    kind: Kind
    text: str
    waited_s: float = 0.0  # since the call began


OnDelta = Callable[[Delta], None]


def ignore(delta: Delta) -> None:
    """An on_delta for callers who wait for the whole."""


class ModelError(Exception):
    """The model did not answer. Retries and fallbacks have been tried; the message says what happened to each.

    `permanent`: asking again will not help (a wrong key, an unknown model); otherwise it may, after `retry_after_s`.
    """

    def __init__(self, message: str, *, permanent: bool = False, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.retry_after_s = retry_after_s


class ContextTooLong(ModelError):
    """The conversation is longer than the model can read. Shorter, it may be asked again."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=True)


class ModelCanceled(Exception):
    """cancel() was called. The message is its reason."""


class Model(Protocol):
    """A language model for one job. One `reply` at a time; `cancel` from any thread, at any time, more than once."""

    name: str  # provider/name of the one that is asked first

    def reply(self, messages: Sequence[Message], tools: Sequence[Tool] = (), on_delta: OnDelta = ignore) -> Reply:
        """The next turn. Raises ModelError, ModelCanceled, budget.BudgetExhausted, and whatever `on_delta` raises."""

    def cancel(self, why: str) -> None:
        """End the reply in progress within a second, and every later one at once."""
