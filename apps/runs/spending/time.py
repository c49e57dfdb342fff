"""The wall clock of a run: how long it has worked, not counting what it waited for people."""

from __future__ import annotations

from datetime import datetime, timedelta

from apps.events import clock
from apps.runs.models import Run, Steering
from apps.runs.spending.explain import Exhausted
from apps.runs.spending.models import Purse


def require_time(run: Run, purse: Purse) -> None:
    """Raises Exhausted once the run has worked longer than its purse allows."""
    if purse.max_seconds is None or run.started_at is None:
        return
    now, most = clock.now(), timedelta(seconds=purse.max_seconds)
    if now - run.started_at > most and worked_for(run, now) > most:  # waits, which are two queries, only make it less
        message = f"The run's budget of time is used up: {purse.max_seconds:,} s of work."
        raise Exhausted(message, "time")


def worked_for(run: Run, now: datetime) -> timedelta:
    """Each run of those that share a budget has its own clock: a repair may come days later."""
    if run.started_at is None:
        return timedelta(0)
    return now - run.started_at - _waited(run, now)


def _waited(run: Run, now: datetime) -> timedelta:
    """At gates, and while a person had paused a job. While two waited at once, it counts once."""
    waited, until = timedelta(0), run.started_at or now
    pauses = Steering.objects.filter(job__run=run, kind=Steering.Kind.PAUSE).values_list("said_at", "done_at")
    spans = [*run.gates.values_list("opened_at", "decided_at"), *pauses]
    for opened_at, decided_at in sorted(spans, key=lambda span: span[0]):
        end = decided_at or now
        waited += max(end - max(opened_at, until), timedelta(0))
        until = max(until, end)
    return waited
