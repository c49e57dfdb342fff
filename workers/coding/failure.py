"""What the tests said of a round's work, in words for whoever writes the next one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apps.runs.models import Job, Task
from apps.runs.states import Reason

COMMANDS = 5
FAILURES = 10
END = 2000  # characters of a red command's output


def last_failure(task: Task, round: int) -> str:
    """What the tests said in the round before; empty in the first."""
    last = task.jobs.filter(round=round - 1, reason__gt="").exclude(reason=Reason.LOST).order_by("-pk").first()
    return told(last) if last else ""


def told(job: Job) -> str:
    """Each red command: how it is run, which requirement it shows, what failed, the end of its output."""
    red = [one for one in job.outcome.get("tests", []) if one.get("reason")]
    parts = [_command(one) for one in red[:COMMANDS]]
    if len(red) > COMMANDS:
        parts.append(f"… and {len(red) - COMMANDS} more commands are red.")
    return "\n\n".join(parts) or job.message


def _command(one: Mapping[str, Any]) -> str:
    lines = [f"### `{one['command']}`", one["message"]]
    if one.get("text"):
        lines.append(f"It shows the requirement: {one['text']}")
    failures = (one.get("counts") or {}).get("failures") or []
    lines += [f"- {failure['name']}: {failure['message']}" for failure in failures[:FAILURES]]
    if end := one.get("end", "").strip():
        lines.append(f"The end of its output:\n{end[-END:]}")
    return "\n".join(lines)
