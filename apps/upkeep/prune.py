"""Prune: whole runs that ended long ago go, with their jobs, events, output, artifacts and former releases.

What stays: runs that are not over, runs whose release is live, being deployed or kept for a rollback, runs whose work
has not landed on the project's branch yet; the project's git history; the specs.

A batch at a time: its rows go in one transaction, then its bytes. Who dies in between leaves bytes that no row names,
which remove_orphans() finds; a row without its bytes never exists.
"""

from __future__ import annotations

import functools
import logging
import operator
import time
from dataclasses import dataclass, replace
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, ProtectedError, Q, QuerySet

from apps.artifacts.models import Artifact
from apps.artifacts.services.save import discard
from apps.events import clock
from apps.events.models import Event, LogChunk, Sequence
from apps.releases.models import Environment, Release
from apps.releases.states import ReleaseStatus
from apps.runs.models import Job, Run
from apps.runs.states import RUN_ENDED, RunStatus

logger = logging.getLogger(__name__)

BATCH = 20  # runs per transaction: others write in between
PASS_S = 60.0
IN_USE = (ReleaseStatus.PENDING, ReleaseStatus.DEPLOYING, ReleaseStatus.LIVE)


@dataclass(frozen=True)
class Pruned:
    """`looked_at` counts also the runs that could not go; `more`: the limit or the time was reached before the end."""

    runs: int = 0
    artifacts: int = 0
    size_bytes: int = 0
    looked_at: int = 0
    more: bool = False

    def __add__(self, other: Pruned) -> Pruned:
        sizes = (self.runs + other.runs, self.artifacts + other.artifacts, self.size_bytes + other.size_bytes)
        return Pruned(*sizes, self.looked_at)


def prunable(older_than_days: int, project: str = "") -> QuerySet[Run]:
    """The runs that would go, oldest first. Raises ValueError for less than a day."""
    if older_than_days < 1:
        raise ValueError("Name a number of days, 1 or more.")
    over = removable().filter(finished_at__lt=clock.now() - timedelta(days=older_than_days))
    return (over.filter(project__slug=project) if project else over).order_by("pk")


def removable() -> QuerySet[Run]:
    """Every run that nothing needs any more, however young."""
    releases = Release.objects.filter(run_id=OuterRef("pk"))
    kept = Environment.objects.filter(Q(live__run_id=OuterRef("pk")) | Q(previous__run_id=OuterRef("pk")))
    over = Run.objects.filter(~Exists(releases.filter(status__in=IN_USE)), ~Exists(kept), status__in=RUN_ENDED)
    return over.exclude(Q(status=RunStatus.COMPLETED, landing="") & ~Q(commit=""))


def prune_run(run: Run) -> bool:
    """Let this one go, whatever its age. False if it has not ended, or something needs it."""
    return bool(_prune_batch(removable(), [run.pk]).runs)


def prune(
    older_than_days: int,
    *,
    project: str = "",
    limit: int | None = None,
    for_s: float | None = None,
    dry_run: bool = False,
) -> Pruned:
    """Let them go, up to `limit` runs or for so many seconds; what went (or, as a dry run, would). Run it again for the
    rest, also after a crash. Raises ValueError for less than a day.
    """
    runs, total, last = prunable(older_than_days, project), Pruned(), 0
    until = None if for_s is None else time.monotonic() + for_s
    while (limit is None or total.looked_at < limit) and (until is None or time.monotonic() < until):
        size = BATCH if limit is None else min(BATCH, limit - total.looked_at)
        ids = list(runs.filter(pk__gt=last).values_list("pk", flat=True)[:size])
        if not ids:
            break
        total += _measure(runs.filter(pk__in=ids)) if dry_run else _prune_batch(runs, ids)
        total, last = replace(total, looked_at=total.looked_at + len(ids)), ids[-1]
    if total.runs:
        logger.info("action=prune days=%s dry_run=%s %s", older_than_days, dry_run, total)
    return replace(total, more=runs.filter(pk__gt=last).exists())


def prune_on_schedule() -> Pruned:
    """What the operator has set by HIVE_PRUNE_DAYS; a minute at most, and the rest the next time."""
    return prune(settings.PRUNE_DAYS, for_s=PASS_S) if settings.PRUNE_DAYS else Pruned()


def _prune_batch(runs: QuerySet[Run], ids: list[int]) -> Pruned:
    """One batch; run by run where something holds on to one of them that was not there a moment ago."""
    try:
        return _remove(runs, ids)
    except ProtectedError as error:
        if len(ids) == 1:
            logger.warning("action=prune run=%s stays: %s", ids[0], error.args[0])
            return Pruned()
        return functools.reduce(operator.add, (_prune_batch(runs, [pk]) for pk in ids))


def _remove(runs: QuerySet[Run], ids: list[int]) -> Pruned:
    """Rows first, in one transaction in which these runs are ours; then the bytes that nobody names any more."""
    with transaction.atomic():
        pks = list(runs.filter(pk__in=ids).select_for_update(of=("self",)).values_list("pk", flat=True))
        found = _measure(Run.objects.filter(pk__in=pks))
        keys = list(Artifact.objects.filter(run__in=pks).values_list("store_key", flat=True))
        LogChunk.objects.filter(job_id__in=Job.objects.filter(run__in=pks).values("pk")).delete()
        Release.objects.filter(run__in=pks).delete()
        Event.objects.filter(run_id__in=pks).delete()
        Sequence.objects.filter(run_id__in=pks).delete()
        Run.objects.filter(pk__in=pks).delete()
    for key in keys:
        discard(key)
    return found


def _measure(runs: QuerySet[Run]) -> Pruned:
    sizes = list(Artifact.objects.filter(run__in=runs.order_by()).values_list("size_bytes", flat=True))
    return Pruned(runs.count(), len(sizes), sum(sizes))
