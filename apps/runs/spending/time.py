"""The wall clock of a run: how long it has worked, not counting what it waited for people."""

from __future__ import annotations

from datetime import datetime, timedelta

from apps.events import clock
from apps.runs.models import Run
from apps.runs.spending.explain import Exhausted
from apps.runs.spending.limits import purse_of


def require_time(run: Run) -> None:
    """Raises Exhausted once the run has worked longer than its budget allows."""
    purse = purse_of(run)
    worked = worked_for(run, clock.now())
    if purse.max_seconds is not None and worked > timedelta(seconds=purse.max_seconds):
        message = f"The run's budget of time is used up: {purse.max_seconds:,} s of work."
        raise Exhausted(message, "time")


def worked_for(run: Run, now: datetime) -> timedelta:
    """Each run of those that share a budget has its own clock: a repair may come days later."""
    if run.started_at is None:
        return timedelta(0)
    return now - run.started_at - _waited(run, now)


def _waited(run: Run, now: datetime) -> timedelta:
    """While two gates waited at once, it counts once."""
    waited, until = timedelta(0), run.started_at or now
    for opened_at, decided_at in run.gates.order_by("opened_at").values_list("opened_at", "decided_at"):
        end = decided_at or now
        waited += max(end - max(opened_at, until), timedelta(0))
        until = max(until, end)
    return waited
