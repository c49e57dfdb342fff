"""Cancel or retry many runs at once: chosen by what they have in common, bounded, and told one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Coalesce
from django.db.models.lookups import GreaterThanOrEqual, LessThan

from apps.accounts.models import User
from apps.runs.models import Run
from apps.runs.services.start import retry_run, why_not_again
from apps.runs.services.stop import cancel_run
from apps.runs.states import RunStatus

MOST = 500
ACTIVE = (RunStatus.QUEUED, RunStatus.RUNNING)


@dataclass(frozen=True)
class Wanted:
    """Which runs: all that fit. `since` and `before` mean a run's end, or its beginning while it goes on."""

    ids: Sequence[int] = ()
    statuses: Sequence[str] = ()
    project: str = ""
    since: datetime | None = None
    before: datetime | None = None
    limit: int = 100


@dataclass(frozen=True)
class Told:
    """What became of one run; `made` is the run that a retry has started."""

    run_id: int
    done: bool
    message: str
    made: int | None = None


def cancel_many(runs: QuerySet[Run], wanted: Wanted, user: User | None, *, dry_run: bool = False) -> list[Told]:
    """Ask each to stop, the newest first. Without ids or a status: those that go on."""

    def act(run: Run) -> Told:
        goes_on = not run.ended and not run.stop_reason
        if goes_on and dry_run:
            return Told(run.pk, False, "It would be canceled.")
        done = goes_on and cancel_run(run, user)
        return Told(run.pk, done, "It is being canceled." if done else "It had ended, or was ending already.")

    return [act(run) for run in _choose(runs, wanted, ACTIVE)]


def retry_many(runs: QuerySet[Run], wanted: Wanted, user: User | None, *, dry_run: bool = False) -> list[Told]:
    """Start each once more that has ended and was not retried before, the newest first. Without ids or a status: those
    that failed. Done twice, or by two at once, it starts nothing twice.
    """
    return [_retry_once(run, user, dry_run) for run in _choose(runs, wanted, (RunStatus.FAILED,))]


def _retry_once(run: Run, user: User | None, dry_run: bool) -> Told:
    if why := why_not_again(run):
        return Told(run.pk, False, why if run.ended else "It has not ended yet.")
    with transaction.atomic():
        Run.objects.select_for_update(of=("self",), no_key=True).get(pk=run.pk)
        again = Run.objects.filter(parent=run, cause=Run.Cause.RETRY).order_by("pk").first()
        if again is not None:
            return Told(run.pk, False, f"It was retried before, as run {again.pk}.", again.pk)
        if dry_run:
            return Told(run.pk, False, "It would be retried.")
        made = retry_run(run, user)
    return Told(run.pk, True, f"Run {made.pk} is the same once more.", made.pk)


def _choose(runs: QuerySet[Run], wanted: Wanted, usual: Sequence[str]) -> list[Run]:
    if wanted.ids:
        runs = runs.filter(pk__in=wanted.ids)
    if wanted.statuses or not wanted.ids:
        runs = runs.filter(status__in=wanted.statuses or usual)
    if wanted.project:
        runs = runs.filter(project__slug=wanted.project)
    when = Coalesce("finished_at", "created_at")
    if wanted.since:
        runs = runs.filter(GreaterThanOrEqual(when, wanted.since))
    if wanted.before:
        runs = runs.filter(LessThan(when, wanted.before))
    return list(runs.select_related("project", "spec_version").order_by("-pk")[: min(wanted.limit, MOST)])
