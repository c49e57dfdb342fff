"""The sweep: reap what lost its worker, stop what is overdue, find what was forgotten. Safe to run twice at once."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache

from django.conf import settings
from django.db.models import Exists, F, Max, OuterRef
from django.utils import timezone
from kombu.exceptions import KombuError

from apps.runs.models import Gate, Job, Run, Sweep
from apps.runs.services import dispatch
from apps.runs.services.reap import BATCH, reap_dead_workers, reap_expired
from apps.runs.services.stop import stop_run
from apps.runs.states import GateStatus, JobStatus, Reason, RunStatus

logger = logging.getLogger(__name__)

IN_FLIGHT = (RunStatus.QUEUED, RunStatus.RUNNING)
MOST_DOUBLINGS = 6


def sweep() -> list[int]:
    """One pass. Returns the runs that the manager should look at now."""
    now = timezone.now()
    before = _take_turn(now)
    if before is None:
        return []
    found = list(reap_dead_workers())
    if now - before > timedelta(seconds=3 * settings.SWEEP_S + settings.LEASE_S):
        _grant_grace(now)
    else:
        found += reap_expired(now)
    _stop_overdue(now)
    found += _forgotten(now)
    return list(dict.fromkeys(found))


def _take_turn(now: datetime) -> datetime | None:
    """When the last sweep was; None if somebody else is sweeping in this interval."""
    last, _ = Sweep.objects.get_or_create(pk=1, defaults={"at": now - timedelta(seconds=settings.SWEEP_S)})
    due = now - timedelta(seconds=settings.SWEEP_S / 2)
    return last.at if Sweep.objects.filter(pk=1, at=last.at, at__lte=due).update(at=now) else None


def _grant_grace(now: datetime) -> None:
    """Hive itself was away: whoever held on meanwhile gets time to renew before they count as lost."""
    until = now + timedelta(seconds=settings.LEASE_S)
    granted = Job.objects.filter(status=JobStatus.RUNNING, lease_expires_at__lt=until).update(lease_expires_at=until)
    if granted:
        logger.info("action=sweep first one after a pause; %s leases prolonged", granted)


def _stop_overdue(now: datetime) -> None:
    overdue = Run.objects.filter(status=RunStatus.RUNNING, stop_reason="", deadline_at__lt=now)
    for run in overdue[:BATCH]:
        stop_run(
            run.pk,
            Reason.TIMED_OUT,
            f"The run took longer than its timeout, which passed at {run.deadline_at:%H:%M:%S} UTC.",
        )


def _forgotten(now: datetime) -> Iterator[int]:
    """Runs with work due and nothing in flight: their message, or the process that was to send it, got lost.

    With the queue empty that is certain after a moment. With messages in it the run's own may be among them, so the
    wait is longer and doubles each time; publishing again is safe but would make the backlog longer.
    """
    running = Job.objects.filter(run_id=OuterRef("pk"), status=JobStatus.RUNNING)
    asked = Gate.objects.filter(run_id=OuterRef("pk"), status=GateStatus.PENDING)
    quiet = (
        Run.objects.filter(status__in=IN_FLIGHT, published_at__lt=now - timedelta(seconds=2 * settings.SWEEP_S))
        .exclude(Exists(running))
        .exclude(Exists(asked))
        .annotate(last_end=Max("jobs__finished_at"))
        .order_by("published_at")
    )
    is_empty = cache(_queue_is_empty)
    for run in quiet[:BATCH]:
        head = run.jobs.filter(status=JobStatus.QUEUED).order_by("pk").first()
        moved_at = run.last_end or run.created_at
        if head and _waited_too_long(run, head, max(head.queued_at, moved_at), now):
            continue
        wait_s = 2 * settings.SWEEP_S
        if not is_empty(head.role if head else "manager"):
            wait_s = settings.REPUBLISH_S * 2 ** min(run.republished, MOST_DOUBLINGS)
        if now - max(run.published_at or moved_at, moved_at) > timedelta(seconds=wait_s):
            Run.objects.filter(pk=run.pk).update(republished=F("republished") + 1)
            logger.warning("action=sweep run=%s had work due and nothing in flight; it is published again", run.pk)
            yield run.pk


def _waited_too_long(run: Run, head: Job, since: datetime, now: datetime) -> bool:
    if now - since < timedelta(seconds=settings.QUEUE_TIMEOUT_S):
        return False
    minutes = settings.QUEUE_TIMEOUT_S / 60
    message = f"No {head.role} worker took {head.step} within {minutes:g} minutes. See `hive status`, or Flower."
    return stop_run(run.pk, Reason.QUEUE_TIMEOUT, message)


def _queue_is_empty(role: str) -> bool:
    """With the broker away nobody can tell; the longer wait is the safe answer."""
    try:
        return dispatch.queue_is_empty(role)
    except (KombuError, ConnectionError, OSError):
        return False
