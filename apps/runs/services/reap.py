"""End the jobs that lost their worker: when its process is seen dead, or when the lease ran out."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from datetime import datetime

from django.conf import settings
from django.db import transaction

from apps.runs.models import Job
from apps.runs.outcome import failed
from apps.runs.services.finish import end_job
from apps.runs.services.output import LeaseLost
from apps.runs.services.presence import machine
from apps.runs.services.reach import was_reached
from apps.runs.states import JobStatus, Reason

logger = logging.getLogger(__name__)

BATCH = 200


def reap_expired(now: datetime) -> Iterator[int]:
    """End every job whose lease has run out; yields the runs. A job whose row somebody is just writing is alive.

    Agents' jobs are left alone while no web server hears them, and for a lease after that.
    """
    expired = Job.objects.filter(status=JobStatus.RUNNING, lease_expires_at__lt=now).order_by("lease_expires_at")
    if not was_reached(now):
        expired = expired.filter(runs_on=[])
    with transaction.atomic():
        taken = list(expired.select_for_update(skip_locked=True, no_key=True)[:BATCH])
        lost = [job for job in taken if end_lost(job, f"No heartbeat from {job.worker} for {settings.LEASE_S:g} s.")]
    yield from (job.run_id for job in lost)


def reap_dead_workers() -> Iterator[int]:
    """End every job whose worker was a process of this machine that is no longer there; yields the runs."""
    for job in Job.objects.filter(status=JobStatus.RUNNING, worker__startswith=f"{machine()}/").select_related("run"):
        pid = int(job.worker.rpartition("/")[2])
        if not _is_alive(pid) and end_lost(job, f"Its worker process {pid} died."):
            yield job.run_id


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def end_lost(job: Job, message: str) -> bool:
    """running → failed (lost). False if another holder has it by now, or it ended by itself."""
    try:
        with transaction.atomic():
            end_job(job, failed(Reason.LOST, message))
    except LeaseLost:
        return False
    logger.warning("action=reap job=%s step=%s lost: %s", job.pk, job.step, message)
    return True
