"""The sweep: reap what lost its worker, stop what is overdue, find what was forgotten. Safe to run twice at once."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from django.conf import settings
from django.db.models import Exists, F, Max, OuterRef, Q, QuerySet
from kombu.exceptions import KombuError

from apps.events import clock
from apps.runs.due import due_jobs, held_up, to_be_tried_again
from apps.runs.models import Delegation, Gate, Job, Queue, Run, Steering, Sweep
from apps.runs.queries import is_resting
from apps.runs.services import dispatch
from apps.runs.services.pause import resume_lapsed
from apps.runs.services.reap import BATCH, reap_dead_workers, reap_expired
from apps.runs.services.stop import stop_run
from apps.runs.states import RUN_ENDED, GateStatus, JobStatus, Reason, RunStatus

logger = logging.getLogger(__name__)

IN_FLIGHT = (RunStatus.QUEUED, RunStatus.RUNNING)
MOST_DOUBLINGS = 6
PAUSED = {"kind": Steering.Kind.PAUSE, "done_at": None}
NEVER = datetime.min.replace(tzinfo=UTC)


def sweep() -> list[int]:
    """One pass. Returns the runs that the manager should look at now."""
    now = clock.now()
    before = _take_turn(now)
    if before is None:
        return []
    found = list(reap_dead_workers())
    if now - before > timedelta(seconds=3 * settings.SWEEP_S + settings.LEASE_S):
        _grant_grace(now)
    else:
        found += reap_expired(now)
    resume_lapsed(now)
    paused = list(Queue.objects.exclude(paused_at=None).values_list("role", flat=True))
    _stop_overdue(now, paused)
    found += _forgotten(now, paused)
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


def _stop_overdue(now: datetime, paused: list[str]) -> None:
    """What waits for a paused queue waits for a person; resuming prolongs its time by as much."""
    overdue = Run.objects.filter(status=RunStatus.RUNNING, stop_reason="", deadline_at__lt=now)
    overdue = overdue.exclude(Exists(Steering.objects.filter(job__run_id=OuterRef("pk"), **PAUSED)))
    if paused:
        overdue = overdue.exclude(held_up(paused))
    for run in overdue[:BATCH]:
        stop_run(
            run.pk,
            Reason.TIMED_OUT,
            f"The run took longer than its timeout, which passed at {run.deadline_at:%H:%M:%S} UTC.",
        )


def _forgotten(now: datetime, paused: list[str]) -> Iterator[int]:
    """Runs with work due and nothing in flight: their message, or the process that was to send it, got lost.

    With the queue empty that is certain after a moment. With messages in it the run's own may be among them, so the
    wait is longer; publishing again is safe but would make the backlog longer. It is certain too for what was published
    before its queue was resumed. What waits for a paused queue, or rests, is not forgotten.
    """
    is_empty = cache(_queue_is_empty)
    resumed = dict(Queue.objects.exclude(resumed_at=None).values_list("role", "resumed_at"))
    for run in _quiet(now, paused)[:BATCH]:
        waiting = run.jobs.filter(status=JobStatus.QUEUED).order_by("pk")
        due = due_jobs().filter(run=run).exclude(role__in=paused).order_by("pk")
        head = due.filter(runs_on=[]).first() or due.first() or waiting.first()
        moved_at = run.last_end or run.created_at
        role = head.role if head else "manager"
        resumed_at = resumed.get(role, NEVER)
        if head and _waited_too_long(run, head, max(head.queued_at, moved_at, resumed_at), now):
            continue
        if head and head.runs_on:  # an agent asks for it; there is no message that could be lost
            continue
        published_at = run.published_at or moved_at
        wait_s = _wait_s(run, certain=published_at < resumed_at or is_empty(role))
        if now - max(published_at, moved_at, resumed_at) > timedelta(seconds=wait_s) and not _rests(run):
            Run.objects.filter(pk=run.pk).update(republished=F("republished") + 1)
            logger.warning("action=sweep run=%s had work due and nothing in flight; it is published again", run.pk)
            yield run.pk


def _wait_s(run: Run, *, certain: bool) -> float:
    """Doubles with each time that did not help. A machine that takes longer than a moment from the message to the
    claim would otherwise never get there: publishing again takes the run's next epoch, and refuses what is under way.
    """
    doubled = 2 ** min(run.republished, MOST_DOUBLINGS)
    if certain:
        return max(2 * settings.SWEEP_S, min(2 * settings.SWEEP_S * doubled, settings.REPUBLISH_S))
    return settings.REPUBLISH_S * doubled


def _rests(run: Run) -> bool:
    last = run.jobs.exclude(finished_at=None).order_by("-finished_at").first()
    return last is not None and is_resting(last)


def _quiet(now: datetime, paused: list[str]) -> QuerySet[Any]:
    """Runs that were published a while ago, with nothing running and nobody asked, the longest quiet first.

    While a job's question waits, other tasks go on: what is due of them, or is to be tried again, is not forgotten.
    """
    running = Job.objects.filter(run_id=OuterRef("pk"), status=JobStatus.RUNNING)
    asked = Gate.objects.filter(run_id=OuterRef("pk"), status=GateStatus.PENDING)
    paused_job = Steering.objects.filter(job__run_id=OuterRef("pk"), **PAUSED)
    child = Delegation.objects.filter(task__run_id=OuterRef("pk")).exclude(child__status__in=RUN_ENDED)
    waits = Exists(asked) | Exists(paused_job) | Exists(child)
    busy = Exists(due_jobs().filter(run_id=OuterRef("pk"))) | Exists(to_be_tried_again().filter(run_id=OuterRef("pk")))
    quiet = (
        Run.objects.filter(status__in=IN_FLIGHT, published_at__lt=now - timedelta(seconds=2 * settings.SWEEP_S))
        .exclude(Exists(running))
        .exclude(Exists(asked.filter(job__isnull=True)))
        .exclude(Q(waits) & ~Q(busy))
    )
    if paused:  # before the batch is cut: a thousand that wait would hide one that was forgotten
        quiet = quiet.exclude(held_up(paused))
    return quiet.annotate(last_end=Max("jobs__finished_at")).order_by("published_at")


def _waited_too_long(run: Run, head: Job, since: datetime, now: datetime) -> bool:
    if now - since < timedelta(seconds=settings.QUEUE_TIMEOUT_S):
        return False
    minutes = settings.QUEUE_TIMEOUT_S / 60
    who = f"agent with the tags {', '.join(head.runs_on)}" if head.runs_on else f"{head.role} worker"
    see = "the list of agents" if head.runs_on else "`hive status`, or Flower"
    message = f"No {who} took {head.step} within {minutes:g} minutes. See {see}."
    return stop_run(run.pk, Reason.QUEUE_TIMEOUT, message)


def _queue_is_empty(role: str) -> bool:
    """With the broker away nobody can tell; the longer wait is the safe answer."""
    try:
        return dispatch.queue_is_empty(role)
    except (KombuError, ConnectionError, OSError):
        return False
