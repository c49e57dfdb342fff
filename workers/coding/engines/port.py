"""The Engine port: given a task and a folder, write the code. Whether it is any good is for others to find out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from apps.specs.schema import Task


class Emit(Protocol):
    """Tell what is going on: an event type and its data."""

    def __call__(self, type: str, **data: Any) -> None: ...


@dataclass(frozen=True)
class Assignment:
    """What an engine is asked to do.

    `round` is 1 for the first attempt; in a repair round `failure` says what the tests said. `put` writes a line into
    the job's log. `acceptance`: shell lines of tests that somebody else wrote for it, in a folder that is not its own.
    """

    task: Task
    round: int
    failure: str
    emit: Emit
    put: Callable[[str], None]
    acceptance: tuple[str, ...] = ()


@dataclass(frozen=True)
class Written:
    """What an engine says it did. `deploy` holds what a template says of deploying what it made."""

    summary: str
    deploy: dict[str, Any] = field(default_factory=dict)


class EngineFailed(Exception):
    """The engine could not write it; its message is for the reader. `reason` is one of runs.states.Reason."""

    def __init__(self, message: str, reason: str = "script_failed") -> None:
        super().__init__(message)
        self.reason = reason


class Engine(Protocol):
    """Writes into `worktree`, which holds the work of everything that the task builds on. May be killed at any time.

    Returning means no more than "I am finished": the promised outputs are checked in the commit, the tests by
    somebody else. Raises EngineFailed.
    """

    name: str

    def write_code(self, assignment: Assignment, worktree: Path) -> Written: ...
