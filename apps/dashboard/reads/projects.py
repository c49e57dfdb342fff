"""Projects with what a person wants to know of each at a glance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Max, OuterRef, Subquery

from apps.accounts.models import User
from apps.dashboard.reads.releases import ReleaseView, views
from apps.projects.models import Project
from apps.projects.queries import visible_projects
from apps.releases.models import Environment
from apps.runs.models import Run
from apps.specs.models import Spec

PAGE = 30
SPECS_SHOWN = 20
VERSIONS_SHOWN = 50
RUNS_SHOWN = 10


@dataclass(frozen=True)
class ProjectRow:
    project: Project
    last_run: Run | None
    live: int  # environments that people can reach


@dataclass(frozen=True)
class ProjectPage:
    rows: Sequence[ProjectRow]
    more: int | None


def list_projects(user: User, after: int | None = None) -> ProjectPage:
    """Three queries for a page."""
    newest = Run.objects.filter(project=OuterRef("pk")).order_by("-pk").values("pk")[:1]
    found = visible_projects(user).annotate(newest_run=Subquery(newest)).order_by("pk")
    if after is not None:
        found = found.filter(pk__gt=after)
    rows = list(found[: PAGE + 1])
    shown = rows[:PAGE]
    runs = Run.objects.in_bulk([row.newest_run for row in shown if row.newest_run])
    live: dict[int, int] = {}
    for project in Environment.objects.filter(project__in=shown, live__isnull=False).values_list("project", flat=True):
        live[project] = live.get(project, 0) + 1
    return ProjectPage(
        [ProjectRow(row, runs.get(row.newest_run or 0), live.get(row.pk, 0)) for row in shown],
        shown[-1].pk if len(rows) > PAGE else None,
    )


def environments_of(project: Project) -> list[tuple[Environment, ReleaseView | None]]:
    rows = list(
        project.environments.select_related("live__environment__project", "live__run", "live__job").order_by("name")[
            :20
        ]
    )
    live = {view.release.pk: view for view in views(row.live for row in rows if row.live)}
    return [(row, live.get(row.live_id or 0)) for row in rows]


def specs_of(project: Project) -> Sequence[Spec]:
    return list(project.specs.annotate(latest=Max("versions__number")).order_by("-pk")[:SPECS_SHOWN])


def runs_of_version(version_id: int) -> Sequence[Run]:
    return list(Run.objects.filter(spec_version=version_id).order_by("-pk")[:RUNS_SHOWN])
