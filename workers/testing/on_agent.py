"""What a task's tests did on an agent, read as if they had run here: of what the agent says, only what it kept counts.

Its output has arrived whole and masked, its reports are read here, and the same judge says what that means.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from apps.artifacts.models import Artifact
from apps.artifacts.queries import read_log
from apps.artifacts.store import store
from apps.fleet.order import reports_name
from apps.fleet.test_orders import packed_for
from apps.runs.models import Job
from apps.runs.outcome import JobFailed
from apps.runs.plan.workflows import ON_AGENTS
from apps.runs.services.active import ActiveJob
from apps.runs.states import Reason
from apps.specs.schema import Test
from workers.junit import SIZE_LIMIT_BYTES, Counts
from workers.reports import count, from_tar
from workers.sandbox.port import Ended, Result
from workers.testing.command import TAIL_BYTES, Seen
from workers.testing.judge import REASONS, judge

LARGEST_REPORTS = 4 * SIZE_LIMIT_BYTES
ENDED = {str(reason): ended for ended, reason in REASONS.items()}


@dataclass(frozen=True)
class OnAgent:
    """The job that ran one task's tests; `agent` is the name of the machine."""

    job: Job
    agent: str

    @property
    def told(self) -> dict[str, Any]:
        return {"agent": self.agent, "agent_job": self.job.pk}


def on_agents(job: ActiveJob) -> dict[str, OnAgent]:
    """By the task's id: those that this job was waiting for."""
    rows = Job.objects.filter(pk__in=job.row.needs, step__in=ON_AGENTS).select_related("task", "assignment__agent")
    return {row.task.key: OnAgent(row, row.assignment.agent.name) for row in rows if row.task}


def seen_there(job: ActiveJob, there: OnAgent, tests: Sequence[Test], commit: str) -> list[Seen]:
    """One for each command, in their order. Raises JobFailed where these are not the commands, or not this commit."""
    packed = packed_for(there.job)["commit"]
    told: list[dict[str, Any]] = there.job.outcome.get("commands", [])
    if packed != commit or len(told) != len(tests):
        message = (
            f"Job {there.job.pk} tells of {len(told)} of {len(tests)} commands at {packed[:12]}, not {commit[:12]}."
        )
        raise JobFailed(Reason.INFRASTRUCTURE, message)
    return [_seen(job, there, test, told[number - 1], number) for number, test in enumerate(tests, 1)]


def _seen(job: ActiveJob, there: OnAgent, test: Test, told: dict[str, Any], number: int) -> Seen:
    job.print(f"$ {told['command']}, on {there.agent}, in job {there.job.pk}")
    result = _result(told)
    start, stop = max(told["log_from"], told["log_to"] - TAIL_BYTES), told["log_to"]
    tail = b"".join(read_log(there.job.pk, start, stop))
    counts, notes = _counts(there.job, number)
    for note in notes:
        job.print(f"[hive] {note}")
    verdict = judge(test, result, tail, counts)
    job.print(f"[hive] {verdict.message}")
    return Seen(test.run, result, verdict, counts, tail)


def _result(told: dict[str, Any]) -> Result:
    ended = ENDED.get(told["reason"], Ended.EXITED)
    message = told["message"].removeprefix(f"`{told['command']}`: ")
    exit_code = told["exit_code"] if ended is Ended.EXITED else None
    return Result(exit_code, ended, told["seconds"], max(told["log_to"] - told["log_from"], 0), 0, message)


def _counts(there: Job, number: int) -> tuple[Counts | None, list[str]]:
    kept = Artifact.objects.filter(job=there, name=reports_name(number)).first()
    if kept is None:
        return None, []
    if kept.size_bytes > LARGEST_REPORTS:
        return None, [f"{kept.name} was not read: it has {kept.size_bytes:,} bytes."]
    return count({}, from_tar(b"".join(store().get(kept.store_key))))
