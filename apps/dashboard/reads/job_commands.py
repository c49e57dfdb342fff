"""The commands of a pipeline's job, each with how it ended. An agent wrote it: nothing of it is taken for granted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from apps.runs.models import Job

SHOWN = 200


@dataclass(frozen=True)
class CommandSeen:
    command: str
    exit_code: int | None
    seconds: float | None
    message: str

    @property
    def ok(self) -> bool:
        return self.exit_code == 0


def commands_of(job: Job) -> Sequence[CommandSeen]:
    outcome = job.outcome if isinstance(job.outcome, Mapping) else {}
    found = outcome.get("commands")
    rows = [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []
    return [_command(one) for one in rows[:SHOWN]]


def _command(one: Mapping[str, object]) -> CommandSeen:
    code, seconds = one.get("exit_code"), one.get("seconds")
    return CommandSeen(
        command=str(one.get("command", ""))[:1000],
        exit_code=code if isinstance(code, int) and not isinstance(code, bool) else None,
        seconds=float(seconds) if isinstance(seconds, int | float) else None,
        message=str(one.get("message") or "")[:500],
    )
