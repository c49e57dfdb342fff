"""report(): how an agent's job ended, recorded by the same finish() as a Celery worker's, once its output is whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from apps.events import clock
from apps.fleet.models import Agent, Assignment
from apps.fleet.services.lease import assignment_of, held
from apps.runs.models import Run
from apps.runs.outcome import Outcome, canceled, done, failed
from apps.runs.services.active import ActiveJob
from apps.runs.services.finish import finish
from apps.runs.states import Reason

NO_EPOCH = -1  # no canvas waits for it: the manager looks at the run
# What an agent may say of a job that did not succeed. Whether somebody canceled it, the run knows.
REASONS = frozenset(
    {
        *(Reason.SCRIPT_FAILED, Reason.TIMED_OUT, Reason.NO_OUTPUT, Reason.OUT_OF_MEMORY, Reason.TOO_MANY_PROCESSES),
        *(Reason.DISK_LIMIT, Reason.IMAGE_MISSING, Reason.INFRASTRUCTURE, Reason.LOST),
        *(Reason.TESTS_FAILED, Reason.NO_TESTS, Reason.BAD_PACKAGE),
    }
)


@dataclass(frozen=True)
class Said:
    """The final word. An empty reason: every command exited with 0."""

    reason: str = ""
    message: str = ""
    exit_code: int | None = None
    commands: list[Mapping[str, Any]] = field(default_factory=list)
    counts: Mapping[str, Any] | None = None  # of its JUnit reports
    log_bytes: int = 0
    log_crc32: int = 0
    prepared_s: float | None = None


def report(agent: Agent, job_id: int, lease: str, said: Said) -> bool:
    """Record the end. False where the output has not arrived up to there: send it, and say this again.

    Said twice, it is recorded once. Raises NotYours, LeaseLost.
    """
    found = assignment_of(agent, job_id)
    if found.ended_at is not None and found.lease_token == lease:
        return True
    found = held(agent, job_id, lease)
    if found.log_bytes < said.log_bytes:
        return False
    settle = SETTLE.get(found.job.step)
    with transaction.atomic():
        run = Run.objects.select_for_update(no_key=True).get(pk=found.job.run_id)
        outcome = _outcome(run, found, said)
        goes_on = finish(ActiveJob(found.job), outcome, run.epoch if settle else NO_EPOCH)
        ours = Assignment.objects.filter(pk=found.pk, lease_token=lease)
        ours.update(ended_at=clock.now(), prepared_s=said.prepared_s)
        if settle and goes_on:
            settle(job_id)
    return True


def _outcome(run: Run, found: Assignment, said: Said) -> Outcome:
    if run.stop_reason:
        return canceled(run.stop_reason, run.stop_message)
    data = {"exit_code": said.exit_code, "commands": said.commands, **({"counts": said.counts} if said.counts else {})}
    message = said.message
    if (said.log_bytes, said.log_crc32) != (found.log_bytes, found.log_crc32):
        message = f"{message} Its output arrived damaged.".strip()
    if not said.reason:
        evidence = READ.get(found.job.step)
        return evidence(found.job, data) if evidence else done(message, **data)
    return failed(Reason(said.reason), message or "It did not succeed.", **data)


SETTLE: dict[str, Callable[[int], None]] = {}
"""By step: who goes on with the run of such a job in place, in the transaction that records its success."""

READ: dict[str, Any] = {}
"""By step: what a success is worth, from what was kept: (job, data) -> Outcome. A red test report may be in it."""
