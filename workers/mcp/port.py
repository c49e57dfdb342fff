"""What a server is, what it offers and what it answers. Knows nothing of the protocol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

CALL_S = 60.0


@dataclass(frozen=True)
class Inside:
    """A server that runs in the job's sandbox, and is spoken to through its standard input and output."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    timeout_s: float = CALL_S  # for one call


@dataclass(frozen=True)
class Elsewhere:
    """A server that is asked over streamable HTTP. `headers` hold credentials: sent to it, and shown to nobody."""

    name: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    timeout_s: float = CALL_S


Server = Inside | Elsewhere


@dataclass(frozen=True)
class Offered:
    """A tool as its server describes it, cut to what a model can be given. All of it is somebody else's text."""

    name: str
    description: str
    schema: Mapping[str, Any]  # of its arguments: one JSON schema of type object, without references
    reads_only: bool = False  # so its server says


@dataclass(frozen=True)
class Said:
    """What a tool answered, as text. `problem`: the tool itself says that it failed."""

    text: str
    problem: bool = False


class ServerFailed(Exception):
    """The server could not be reached, did not answer in time, or answered what is none. The message is a sentence."""


class Servers(Protocol):
    """The servers of one job. A context manager; used by one thread, but for `cancel`."""

    def tools(self) -> Mapping[str, Sequence[Offered] | ServerFailed]:
        """What each server offers, by its name, or why it offers nothing. Asked once, when the servers are entered."""

    def call(self, server: str, tool: str, arguments: Mapping[str, Any]) -> Said:
        """Raises ServerFailed. A server that has died or does not answer is begun anew with the next call."""

    def cancel(self, why: str) -> None:
        """From any thread: a call in progress ends within a second, and every later one at once."""
