"""Jobs as lists show them: filtered, the newest run's first, a page at a time.

A page costs the same at ten runs and at a million: it looks through the jobs of the next LOOKED_AT runs that fit. Where
few of their jobs do, it ends before it is full, and the next one goes on from there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from apps.runs.models import Job, Run
from apps.runs.states import JobStatus, RunStatus

LOOKED_AT = 500  # runs, for one page
CI, OTHER = "ci", "other"
KINDS = {CI: "CI", OTHER: "Pipeline"}
ACTIVE = (JobStatus.QUEUED, JobStatus.RUNNING)
PLACE = re.compile(r"([0-9]{1,18})\.([0-9]{1,18})")
ROWS = ("run__project", "task", "assignment__agent")
HEAVY = ("outcome", "task__spec", "task__evidence", "assignment__agent__capabilities")


@dataclass(frozen=True)
class Place:
    """Where a page begins: after this job of this run; with the number 0, after all of that run's."""

    run_id: int
    job_id: int

    def __str__(self) -> str:
        return f"{self.run_id}.{self.job_id}"


@dataclass(frozen=True)
class Wanted:
    """Which jobs. `text` is a number of a job or a run, or words of a title or a step."""

    statuses: Sequence[str] = ()
    role: str = ""
    kind: str = ""
    project: Q | None = None  # about runs
    agent: int | None = None
    reason: str = ""
    text: str = ""
    before: Place | None = None


@dataclass(frozen=True)
class JobPage:
    rows: Sequence[Job]
    older: Place | None


def read_place(text: str) -> Place | None:
    """From an address; None for anything that names no place."""
    found = PLACE.fullmatch(text)
    return Place(int(found[1]), int(found[2])) if found else None


def list_jobs(runs: QuerySet[Run], wanted: Wanted, size: int) -> JobPage:
    """One page of the jobs of these runs. Three queries: which runs, which jobs, the jobs."""
    window = list(_runs(runs, wanted).order_by("-pk").values_list("pk", flat=True)[:LOOKED_AT])
    found = _jobs(window, wanted).order_by("-run_id", "-pk").values_list("pk", "run_id")[: size + 1]
    places = [Place(run_id, job_id) for job_id, run_id in found]
    rows = Job.objects.select_related(*ROWS).defer(*HEAVY).in_bulk([place.job_id for place in places[:size]])
    older = None
    if len(places) > size:
        older = places[size - 1]
    elif len(window) == LOOKED_AT:
        older = Place(window[-1], 0)
    return JobPage([rows[place.job_id] for place in places[:size] if place.job_id in rows], older)


def _runs(runs: QuerySet[Run], wanted: Wanted) -> QuerySet[Run]:
    """What can be said of a run is asked of the runs, which have indexes for it."""
    if wanted.kind:
        runs = runs.filter(workflow="ci") if wanted.kind == CI else runs.exclude(workflow="ci")
    if wanted.project is not None:
        runs = runs.filter(wanted.project)
    if wanted.statuses and set(wanted.statuses) <= set(ACTIVE):
        runs = runs.filter(status__in=(RunStatus.QUEUED, RunStatus.RUNNING))
    if number := _number(wanted.text):
        owner = Job.objects.filter(pk=number).values_list("run_id", flat=True).first()
        runs = runs.filter(pk__in=[number, owner or number])
    if wanted.before is not None:
        runs = runs.filter(pk__lt=wanted.before.run_id + bool(wanted.before.job_id))
    return runs


def _jobs(window: Sequence[int], wanted: Wanted) -> QuerySet[Job]:
    jobs = Job.objects.filter(run_id__in=window)
    if wanted.before is not None:
        jobs = jobs.exclude(run_id=wanted.before.run_id, pk__gte=wanted.before.job_id)
    if wanted.statuses:
        jobs = jobs.filter(status__in=wanted.statuses)
    for field in ("role", "reason"):
        if value := getattr(wanted, field):
            jobs = jobs.filter(**{field: value})
    if wanted.agent is not None:
        jobs = jobs.filter(assignment__agent_id=wanted.agent)
    if number := _number(wanted.text):
        return jobs.filter(Q(pk=number) | Q(run_id=number))
    if wanted.text:
        words = ("run__title", "task__title", "task__key", "step")
        return jobs.filter(Q(*[(f"{one}__icontains", wanted.text) for one in words], _connector=Q.OR))
    return jobs


def _number(text: str) -> int | None:
    """`#17` and `17` are numbers of a job or a run."""
    digits = text.removeprefix("#")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 18 else None
