"""How a piece of work ended, as the role that did it tells it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from apps.runs.states import JobStatus, Reason


@dataclass(frozen=True)
class Outcome:
    """`data` is the evidence: what was seen, not what was hoped. It becomes the job's `outcome`."""

    status: JobStatus
    reason: str = ""
    message: str = ""
    data: dict[str, Any] = field(default_factory=dict)


def done(message: str = "", **data: Any) -> Outcome:
    return Outcome(JobStatus.COMPLETED, message=message, data=data)


def failed(reason: Reason, message: str, **data: Any) -> Outcome:
    return Outcome(JobStatus.FAILED, reason, message, data)


def canceled(reason: str, message: str) -> Outcome:
    return Outcome(JobStatus.CANCELED, reason, message)


class JobFailed(Exception):
    """An expected failure deep inside a piece of work; carries the outcome up to perform()."""

    def __init__(self, reason: Reason, message: str, **data: Any) -> None:
        super().__init__(message)
        self.outcome = failed(reason, message, **data)


def counted(number: int, thing: str) -> str:
    """1 file, 2 files: for messages."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
