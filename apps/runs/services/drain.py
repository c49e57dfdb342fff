"""Drain a worker: it finishes what it does and takes no more, also after a restart, until somebody resumes it.

The claim refuses it from the moment that this is written. It stops taking messages as soon as one of its processes has
seen the row; a message that reaches it before that is handed back.
"""

from __future__ import annotations

import logging
import time

from apps.accounts.models import User
from apps.events import clock
from apps.runs.models import Job, Worker
from apps.runs.services import dispatch
from apps.runs.services.presence import SILENT, presence
from apps.runs.states import JobStatus

logger = logging.getLogger(__name__)

TAKES_NO_MORE_S = 1.5  # after this the worker's own process has seen that it is drained


def drain_worker(worker: Worker, user: User | None) -> bool:
    """Take no more from now on. False if it was drained already."""
    asked = Worker.objects.filter(pk=worker.pk, draining_at=None)
    done = asked.update(draining_at=clock.now(), draining_by=user)
    if done:
        logger.warning("action=drain worker=%s by=%s", worker.name, user)
    return bool(done)


def resume_worker(worker: Worker, user: User | None) -> bool:
    """Let it take jobs again. False if it was not drained."""
    drained = Worker.objects.filter(pk=worker.pk).exclude(draining_at=None)
    done = drained.update(draining_at=None, draining_by=None)
    if done:
        logger.warning("action=resume worker=%s by=%s", worker.name, user)
    return bool(done)


def left_without(worker: Worker) -> list[str]:
    """The queues of this worker that nobody else takes from now."""
    others = Worker.objects.filter(draining_at=None, seen_at__gt=clock.now() - SILENT).exclude(pk=worker.pk)
    served = {role for queues in others.values_list("queues", flat=True) for role in queues}
    return [role for role in worker.queues if role not in served]


def hand_back(job_id: int, epoch: int) -> bool:
    """If this process belongs to a drained worker: have the manager send the message that it was refused once more."""
    if not presence.node or not Worker.objects.filter(name=presence.node).exclude(draining_at=None).exists():
        return False
    presence.note(drained=True)
    time.sleep(TAKES_NO_MORE_S)  # or the message might come back here
    job = Job.objects.filter(pk=job_id, status=JobStatus.QUEUED, run__epoch=epoch).first()
    if job is not None:
        dispatch.advance(job.run_id)
    return job is not None
