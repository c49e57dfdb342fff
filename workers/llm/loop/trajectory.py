"""Trajectory: the conversation so far, durable after every turn: a killed worker's successor goes on from there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from workers.llm.port import Message, Role


@dataclass(frozen=True)
class Said:
    """What a person wrote to the job; `number` is who keeps it's own, 0 where nobody does."""

    text: str
    number: int = 0


@dataclass(frozen=True)
class Turn:
    """One message, and the name of the snapshot that was taken of the files after it; empty where nothing changed.

    `said` is the number of the person's word that the message is: kept together, it is delivered once.
    """

    message: Message
    snapshot: str = ""
    said: int = 0


class Trajectory(Protocol):
    """Appended to by one worker at a time: the one that holds the job's lease."""

    def load(self) -> list[Turn]:
        """Every turn up to now, in order."""

    def append(self, turn: Turn) -> None:
        """Durable when it returns. Raises when the job is not ours any more; nothing was written then."""


class MemoryTrajectory:
    """The fake: a list."""

    def __init__(self, turns: Iterable[Turn] = ()) -> None:
        self.turns = list(turns)

    def load(self) -> list[Turn]:
        return list(self.turns)

    def append(self, turn: Turn) -> None:
        self.turns.append(turn)


def unanswered(turns: list[Turn]) -> list[str]:
    """The ids of the calls of the last reply that have no answer yet: a worker died between asking and answering."""
    last = next((at for at in range(len(turns) - 1, -1, -1) if turns[at].message.role is Role.ASSISTANT), None)
    if last is None:
        return []
    answered = {turn.message.call_id for turn in turns[last + 1 :]}
    return [call.id for call in turns[last].message.tool_calls if call.id not in answered]
