"""Which runs a list shows."""

from __future__ import annotations

from datetime import datetime, timedelta

import django_filters
from django.db.models import QuerySet

from apps.api.lists import ChoicesFilter, Filters, TextFilter, WholeNumberFilter
from apps.projects.models import Project
from apps.projects.queries import in_projects
from apps.runs.models import Run
from apps.runs.plan.workflows import WORKFLOWS
from apps.runs.states import RunStatus

CLOCKS_DIFFER = timedelta(minutes=5)  # between web servers: the order of ids and that of times differ by no more
BEYOND = 2**63 - 1  # every number of a run


class RunFilters(Filters):
    status = ChoicesFilter(choices=RunStatus.choices)
    project = TextFilter(method="of_project")
    workflow = django_filters.ChoiceFilter(choices=[(name, name) for name in WORKFLOWS])
    cause = django_filters.ChoiceFilter(choices=Run.Cause.choices)
    parent = WholeNumberFilter("parent_id")
    since = django_filters.IsoDateTimeFilter(method="made_since")
    until = django_filters.IsoDateTimeFilter(method="made_until")
    before = WholeNumberFilter("pk", "lt")

    class Meta:
        model = Run
        fields: tuple[str, ...] = ()

    def made_since(self, runs: QuerySet[Run], name: str, moment: datetime) -> QuerySet[Run]:
        """Ids grow with time: the list is walked by them, and ends soon after the moment."""
        before = Run.objects.filter(created_at__lt=moment - CLOCKS_DIFFER).order_by("-created_at")
        return runs.filter(pk__gt=_number(before, 0), created_at__gte=moment)

    def made_until(self, runs: QuerySet[Run], name: str, moment: datetime) -> QuerySet[Run]:
        after = Run.objects.filter(created_at__gt=moment + CLOCKS_DIFFER).order_by("created_at")
        return runs.filter(pk__lt=_number(after, BEYOND), created_at__lt=moment)

    def of_project(self, runs: QuerySet[Run], name: str, slug: str) -> QuerySet[Run]:
        return runs.filter(in_projects(Project.objects.filter(slug=slug), "project"))


def _number(runs: QuerySet[Run], otherwise: int) -> int:
    """Of the first of these. Asked beforehand: of a number the database knows how many runs lie beyond it."""
    found = runs.values_list("pk", flat=True).first()
    return otherwise if found is None else found
