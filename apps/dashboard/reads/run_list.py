"""The list of runs: filtered, newest first, a page at a time. A page costs the same at ten runs and at a million."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Max, QuerySet

from apps.accounts.models import User
from apps.dashboard.reads.numbers import whole_number
from apps.projects.models import Project
from apps.projects.queries import visible_projects
from apps.runs.models import Gate, Run
from apps.runs.progress import Progress, progress_of
from apps.runs.states import GateStatus, RunStatus

PAGE = 25
SEARCHED = 10_000  # a text is looked for in the newest so many; older runs are found by project
CHOICES = {
    "": "All",
    "active": "Active",
    "asking": "Needs approval",
    "completed": "Completed",
    "failed": "Failed",
    "canceled": "Canceled",
}


@dataclass(frozen=True)
class Wanted:
    """Which runs, and which page: those before a run's number, or those after one."""

    status: str = ""
    project: int | None = None
    text: str = ""
    before: int | None = None
    after: int | None = None

    @property
    def filtered(self) -> bool:
        return bool(self.status or self.project or self.text)


@dataclass(frozen=True)
class Row:
    run: Run
    progress: Progress
    asks: bool  # a gate waits for a person


@dataclass(frozen=True)
class Page:
    rows: Sequence[Row]
    older: int | None  # the number to pass as `before`
    newer: int | None


def read_wanted(values: Mapping[str, str]) -> Wanted:
    """From a query string; what makes no sense there is not asked for."""
    status = values.get("status", "")
    return Wanted(
        status=status if status in CHOICES else "",
        project=whole_number(values.get("project")),
        text=values.get("q", "").strip()[:100],
        before=whole_number(values.get("before")),
        after=whole_number(values.get("after")),
    )


def list_runs(visible: QuerySet[Run], wanted: Wanted) -> Page:
    """One page of the runs that a person may see, one more row read than shown to know whether there is a next one."""
    found = _filter(visible, wanted).select_related("project", "created_by")
    if wanted.after is not None:
        rows = list(found.filter(pk__gt=wanted.after).order_by("pk")[: PAGE + 1])
        runs, more_newer, more_older = rows[:PAGE][::-1], len(rows) > PAGE, True
    else:
        before = found.filter(pk__lt=wanted.before) if wanted.before is not None else found
        rows = list(before.order_by("-pk")[: PAGE + 1])
        runs, more_newer, more_older = rows[:PAGE], wanted.before is not None, len(rows) > PAGE
    return Page(
        _rows(runs),
        older=runs[-1].pk if runs and more_older else None,
        newer=runs[0].pk if runs and more_newer else None,
    )


def _filter(runs: QuerySet[Run], wanted: Wanted) -> QuerySet[Run]:
    if wanted.status == "active":
        runs = runs.filter(status__in=(RunStatus.QUEUED, RunStatus.RUNNING))
    elif wanted.status == "asking":
        runs = runs.filter(pk__in=_asking())
    elif wanted.status:
        runs = runs.filter(status=wanted.status)
    if wanted.project is not None:
        runs = runs.filter(project=wanted.project)
    if wanted.text:
        newest = Run.objects.aggregate(newest=Max("pk"))["newest"] or 0
        runs = runs.filter(pk__gt=newest - SEARCHED, title__icontains=wanted.text)
    return runs


def _asking() -> QuerySet[Gate, tuple[int]]:
    return Gate.objects.filter(status=GateStatus.PENDING, run__status=RunStatus.RUNNING).values_list("run_id")


def _rows(runs: Sequence[Run]) -> list[Row]:
    progress = progress_of(runs)
    asking = set(_asking().filter(run__in=[run.pk for run in runs]).values_list("run_id", flat=True))
    return [Row(run, progress[run.pk], run.pk in asking) for run in runs]


def count_asking(visible: QuerySet[Run]) -> int:
    """How many of these runs wait for a person: for the badge beside the filter."""
    return visible.filter(pk__in=_asking()).count()


def count_active(visible: QuerySet[Run]) -> int:
    return visible.filter(status__in=(RunStatus.QUEUED, RunStatus.RUNNING)).count()


def filter_projects(user: User) -> QuerySet[Project]:
    """The projects to choose from, at most as many as a person can look through."""
    return visible_projects(user).order_by("slug")[:200]
