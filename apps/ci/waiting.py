"""Why a job waits, and for how many others: for its owner, who must not learn whose these are."""

from __future__ import annotations

from dataclasses import dataclass

from apps.events import clock
from apps.fleet.why import Known, waits_for
from apps.runs.due import due_before
from apps.runs.models import Job, Queue, Worker
from apps.runs.plan.workflows import CI
from apps.runs.services.presence import SILENT
from apps.runs.states import JobStatus

COUNTED = 1000


@dataclass(frozen=True)
class Waits:
    """`position`: how many jobs are before it in its queue; None where that is not what it waits for."""

    why: str
    position: int | None = None


def why_waits(job: Job, known: Known | None = None) -> Waits | None:
    """None for a job that is not queued. `known`: see waits_for()."""
    if job.status != JobStatus.QUEUED:
        return None
    if job.needs and Job.objects.filter(pk__in=job.needs).exclude(status=JobStatus.COMPLETED).exists():
        return Waits("Its package is being fetched." if job.step == CI else "What it builds on is not done yet.")
    if job.runs_on:
        return Waits(waits_for(job, known) or "", due_before(job, COUNTED))
    paused = Queue.objects.filter(role=job.role).exclude(paused_at=None).first()
    if paused is not None:
        reason = f": {paused.reason}" if paused.reason else ""
        return Waits(f"An operator has paused the queue {job.role}{reason}.", due_before(job, COUNTED))
    processes = _processes(job.role)
    if not processes:
        return Waits(f"No worker serves the queue {job.role} at the moment. An operator sees more in `hive status`.")
    position = due_before(job, COUNTED)
    shown = f"{COUNTED} or more" if position >= COUNTED else str(position)
    before = f"{shown} job{'s' if position != 1 else ''} before it" if position else "It is the next"
    return Waits(
        f"{before}; {processes} worker process{'es' if processes > 1 else ''} for the queue {job.role}.", position
    )


def _processes(role: str) -> int:
    """Of the workers that were seen lately and were not drained."""
    alive = Worker.objects.filter(seen_at__gt=clock.now() - SILENT, draining_at=None)
    return sum(one.processes for one in alive if role in one.queues)
