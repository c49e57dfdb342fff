"""Pause a queue, and let it go on: a row that every claim respects, so that it survives whatever is restarted.

Messages that reach a paused queue find their claim refused and are gone. Nothing is lost by that: the jobs are still
queued, and resuming publishes again every run that has one due in this queue.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime
from functools import partial

from django.db import transaction
from django.db.models import Exists, F, OuterRef

from apps.accounts.models import User
from apps.events import clock
from apps.runs.due import due_jobs
from apps.runs.models import Priority, Queue, Run
from apps.runs.plan.workflows import ROLES
from apps.runs.services import dispatch
from apps.runs.states import RunStatus

logger = logging.getLogger(__name__)

RESUME = "manager.resume"
IN_FLIGHT = (RunStatus.QUEUED, RunStatus.RUNNING)
REASON_LENGTH = 300


class PauseRefused(ValueError):
    """A queue that does not exist, or a time that is over."""


def pause_queue(role: str, user: User | None, reason: str = "", until: datetime | None = None) -> Queue:
    """No job of this role begins from now on; what is running goes on. Of a paused queue, change reason and time.

    Raises PauseRefused.
    """
    check_role(role)
    now = clock.now()
    if until is not None and until <= now:
        raise PauseRefused(f"{until:%Y-%m-%d %H:%M:%S} UTC is over; name a time that is to come.")
    said = {"paused_by": user, "reason": reason[:REASON_LENGTH], "until": until}
    with transaction.atomic():
        queue, _ = Queue.objects.get_or_create(role=role)
        Queue.objects.filter(pk=queue.pk, paused_at=None).update(paused_at=now)
        Queue.objects.filter(pk=queue.pk).update(**said)
    logger.warning("action=pause queue=%s by=%s until=%s %s", role, user, until, reason)
    return Queue.objects.select_related("paused_by").get(pk=queue.pk)


def resume_queue(role: str, user: User | None) -> bool:
    """Let the queue go on, and publish what waited. False if it was not paused. Raises PauseRefused."""
    check_role(role)
    queue = Queue.objects.filter(role=role).exclude(paused_at=None).first()
    return queue is not None and _resume(queue, user)


def resume_lapsed(now: datetime) -> None:
    """The queues whose time is over go on by themselves."""
    for queue in Queue.objects.filter(until__lte=now).exclude(paused_at=None):
        _resume(queue, None)


def _resume(queue: Queue, user: User | None) -> bool:
    """One UPDATE decides between two who resume. The time of the pause does not count against any run's timeout."""
    now = clock.now()
    with transaction.atomic():
        ours = Queue.objects.filter(pk=queue.pk, paused_at=queue.paused_at)
        if not ours.update(paused_at=None, until=None, resumed_at=now, resumed_by=user):
            return False
        if queue.paused_at is not None:
            waited = Run.objects.filter(_has_due(queue), status=RunStatus.RUNNING, deadline_at__isnull=False)
            waited.update(deadline_at=F("deadline_at") + (now - queue.paused_at))
        dispatch.on_commit(RESUME, queue.pk, priority=Priority.HIGH)
    logger.warning("action=resume queue=%s by=%s", queue.role, user or "its time")
    return True


def publish_waiting(queue_id: int) -> int:
    """Have the manager look at every run that waited for this queue; how many. Whoever dies here leaves the rest to
    the sweep.
    """
    queue = Queue.objects.filter(pk=queue_id, paused_at=None).first()
    sent = 0
    for run_id, priority in _waiting(queue) if queue else ():
        look = partial(dispatch.send, dispatch.ADVANCE, run_id, priority=priority)
        dispatch.publish(look, dispatch.ADVANCE, (run_id,))
        sent += 1
    return sent


def _waiting(queue: Queue) -> Iterator[tuple[int, int]]:
    runs = Run.objects.filter(_has_due(queue), status__in=IN_FLIGHT, published_at__lt=queue.resumed_at)
    yield from runs.order_by("pk").values_list("pk", "priority")


def _has_due(queue: Queue) -> Exists:
    return Exists(due_jobs().filter(run_id=OuterRef("pk"), role=queue.role))


def check_role(role: str) -> None:
    if role not in ROLES:
        raise PauseRefused(f"There is no queue {role!r}. There are: {', '.join(ROLES)}.")
