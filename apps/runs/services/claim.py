"""Claim a job: one conditional UPDATE decides who works on it. Losing is normal and silent."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction

from apps.events import clock
from apps.events.lifecycle import Guard, MoveLost, move
from apps.runs.models import Job
from apps.runs.plan.workflows import BEGINS_A_TASK
from apps.runs.states import JobStatus, RunStatus, TaskStatus

WANTED = (
    "EXISTS (SELECT 1 FROM runs_run WHERE runs_run.id = runs_job.run_id AND runs_run.epoch = %s"
    " AND runs_run.stop_reason = '' AND runs_run.status IN ('queued', 'running'){lock})"
    " AND NOT EXISTS (SELECT 1 FROM runs_queue WHERE runs_queue.role = runs_job.role AND paused_at IS NOT NULL)"
    " AND NOT EXISTS (SELECT 1 FROM runs_worker WHERE runs_worker.name = %s AND draining_at IS NOT NULL)"
)
# Whoever stops, ends or publishes the run at this moment is waited for, and the condition then holds for what it left.
# SQLite has one writer at a time, and nothing to say for that.
RUN_LOCK = " FOR NO KEY UPDATE"


def claim(job_id: int, epoch: int, worker: str, node: str = "", *, lease_token: str = "") -> Job | None:
    """Take the job: queued → running, with a fresh lease, or the one that was offered. None if it is not to be had.

    The UPDATE holds only while the run goes on, was not asked to stop, and has still published exactly `epoch`; a
    message of an older epoch, a second copy and a worker that comes late all change nothing. Nor does it hold while the
    job's queue is paused, or the Celery worker `node` is drained.
    """
    job = Job.objects.filter(pk=job_id, status=JobStatus.QUEUED).first()
    if job is None:
        return None
    try:
        with transaction.atomic():
            take(job, epoch, worker, node, lease_token or secrets.token_hex(16))
    except MoveLost:
        return None
    return job


def take(job: Job, epoch: int, worker: str, node: str, lease_token: str) -> None:
    """The same for a row that was read as queued, in a transaction of the caller's. Raises MoveLost, and then nothing
    was written where the caller holds the run's lock; else the caller rolls back.
    """
    if job.needs and not _builds_on_what_is_there(job):
        raise MoveLost("A message came before the work that it builds on.")
    now = clock.now()
    move(
        job,
        JobStatus.RUNNING,
        guard=Guard(WANTED.format(lock=RUN_LOCK if connection.features.has_select_for_update else ""), (epoch, node)),
        job_id=job.pk,
        worker=worker,
        lease_token=lease_token,
        lease_expires_at=now + timedelta(seconds=settings.LEASE_S),
        started_at=now,
    )
    if not job.needs:
        _begin_run(job, now)
    if job.task and job.step in BEGINS_A_TASK and job.task.status == TaskStatus.ASSIGNED:
        move(job.task, TaskStatus.IN_PROGRESS, job_id=job.pk)


def _builds_on_what_is_there(job: Job) -> bool:
    """Canvas keeps the order as long as no message comes twice; the second copy may run ahead of a join."""
    return Job.objects.filter(pk__in=job.needs, status=JobStatus.COMPLETED).count() == len(job.needs)


def _begin_run(job: Job, now: datetime) -> None:
    """The first step of a run needs nothing; it sets the run going. An attempt that follows a lost one finds it so."""
    run = job.run
    if run.status == RunStatus.QUEUED:
        timeout_s = (run.spec_version.data if run.spec_version else {}).get("timeout")
        deadline = now + timedelta(seconds=timeout_s) if timeout_s else None
        move(run, RunStatus.RUNNING, started_at=now, deadline_at=deadline)


def may_go_on(job_id: int, epoch: int) -> bool:
    """Whether a job that was refused is one that is completed under this epoch, so that its canvas may go on."""
    return Job.objects.filter(
        pk=job_id, status=JobStatus.COMPLETED, run__epoch=epoch, run__status=RunStatus.RUNNING, run__stop_reason=""
    ).exists()
