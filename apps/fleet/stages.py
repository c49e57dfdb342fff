"""How long a job spent where: queued, offered to an agent, prepared (its sandbox, its package), and its commands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from apps.fleet.models import Assignment
from apps.runs.models import Job

NAMES = QUEUED, OFFERED, PREPARED, RAN = ("queued", "offered", "prepared", "ran")


@dataclass(frozen=True)
class Stage:
    """`ended_at` is None while it goes on."""

    name: str
    began_at: datetime
    ended_at: datetime | None

    def seconds(self, now: datetime) -> float:
        return max(((self.ended_at or now) - self.began_at).total_seconds(), 0.0)


def stages_of(job: Job) -> Sequence[Stage]:
    """In the order in which they came, up to the one that goes on. A Celery worker's job has no offer, and it does not
    tell how long it prepared. Read it with `assignment` selected.
    """
    return list(_stages(job, getattr(job, "assignment", None)))


def _stages(job: Job, given: Assignment | None) -> Iterator[Stage]:
    offered_at = given.offered_at if given is not None else None
    yield Stage(QUEUED, job.queued_at, offered_at or job.started_at or job.finished_at)
    if offered_at is not None:
        yield Stage(OFFERED, offered_at, job.started_at or job.finished_at)
    if job.started_at is None:
        return
    began_at = job.started_at
    if given is not None and given.prepared_s is not None:
        ready_at = began_at + timedelta(seconds=given.prepared_s)
        ready_at = min(ready_at, job.finished_at or ready_at)
        yield Stage(PREPARED, began_at, ready_at)
        began_at = ready_at
    yield Stage(RAN, began_at, job.finished_at)
