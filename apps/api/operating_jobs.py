"""Jobs of the whole installation, for operators: found by what they have in common, canceled, tried again."""

from __future__ import annotations

from typing import Any

import django_filters
from django import forms
from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import status
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from apps.api.any_job import AgainSerializer, AnyJobSerializer, OneJobSerializer
from apps.api.lists import ChoicesFilter, Filters, ListView, TextFilter, WholeNumberFilter
from apps.api.operating import OperatorView
from apps.api.paging import MAX_PAGE_SIZE, PAGE_SIZE, page_size_parameter, whole_number
from apps.api.problems import Problem
from apps.fleet.job_list import KINDS, PLACE, ROWS, Wanted, list_jobs, read_place
from apps.runs.models import Job
from apps.runs.plan.workflows import ROLES
from apps.runs.queries import visible_runs
from apps.runs.services.start import retry_run, why_not_again
from apps.runs.services.stop import cancel_run
from apps.runs.states import JobStatus, Reason


@extend_schema_field({"type": "string", "pattern": f"^{PLACE.pattern}$"})
class PlaceFilter(django_filters.CharFilter):
    field_class = forms.RegexField

    def __init__(self) -> None:
        super().__init__(regex=PLACE.pattern + r"\Z", method="unused")


class AnyJobFilters(Filters):
    """Read by list_jobs(), which looks through a bounded number of runs; nothing is filtered here."""

    paging = ("page_size",)
    status = ChoicesFilter(choices=JobStatus.choices)
    role = django_filters.ChoiceFilter(choices=[(role, role) for role in ROLES])
    kind = django_filters.ChoiceFilter(choices=list(KINDS.items()), method="unused")
    project = TextFilter(method="unused")
    agent = WholeNumberFilter(method="unused")
    reason = django_filters.ChoiceFilter(choices=Reason.choices)
    q = TextFilter(method="unused")
    before = PlaceFilter()

    class Meta:
        model = Job
        fields: tuple[str, ...] = ()

    def unused(self, jobs: QuerySet[Job], name: str, value: Any) -> QuerySet[Job]:
        return jobs

    def wanted(self) -> Wanted:
        said = self.form.cleaned_data
        project = said["project"]
        return Wanted(
            statuses=said["status"],
            role=said["role"],
            kind=said["kind"],
            project=Q(project__slug=project) if project else None,
            agent=None if said["agent"] is None else int(said["agent"]),
            reason=said["reason"],
            text=said["q"],
            before=read_place(said["before"]),
        )


class JobPages(BasePagination):
    """{next, results}: `next` leads on until there is nothing more; a page may hold fewer than its size, or none."""

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        self.request = request
        size = whole_number(request, "page_size", PAGE_SIZE, 1, MAX_PAGE_SIZE)
        filters = AnyJobFilters(request.query_params, Job.objects.none())
        filters.is_valid()
        page = list_jobs(visible_runs(view.caller.user), filters.wanted(), size)
        self.older = page.older
        return list(page.rows)

    def get_paginated_response(self, data: Any) -> Response:
        here = self.request.build_absolute_uri()
        following = replace_query_param(here, "before", str(self.older)) if self.older else None
        return Response({"next": following, "results": data})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": "string", "format": "uri", "nullable": True}
        results = {**schema, "maxItems": MAX_PAGE_SIZE}
        return {"type": "object", "required": ["next", "results"], "properties": {"next": link, "results": results}}

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        return [page_size_parameter()]


class AnyJobs(OperatorView, ListView):
    """The jobs of the whole installation, the newest run's first. `next` goes on from there, at the same cost."""

    serializer_class = AnyJobSerializer
    filterset_class = AnyJobFilters
    pagination_class: Any = JobPages

    def rows(self) -> QuerySet[Job]:
        return Job.objects.none()


class OneJob(OperatorView):
    """One job, whosever it is."""

    @extend_schema(responses=OneJobSerializer)
    def get(self, request: Request, pk: int) -> Response:
        return shown(self, pk)


def shown(view: OperatorView, pk: int, code: int = status.HTTP_200_OK) -> Response:
    return Response(OneJobSerializer(_job(pk), context=view.get_serializer_context()).data, code)


def _job(pk: int) -> Job:
    return get_object_or_404(Job.objects.select_related(*ROWS), pk=pk)


class CancelJob(OperatorView):
    @extend_schema(request=None, responses={202: OneJobSerializer})
    def post(self, request: Request, pk: int) -> Response:
        """Ask the job's run to stop, and with it this job: a part of a run does not end alone. 409 where it is ending
        already.
        """
        run = _job(pk).run
        if not cancel_run(run, self.caller.user):
            raise Problem(409, "conflict", f"Run {run.pk} has ended, or was asked to stop before.")
        return shown(self, pk, status.HTTP_202_ACCEPTED)


class RetryJob(OperatorView):
    @extend_schema(request=None, responses={201: AgainSerializer})
    def post(self, request: Request, pk: int) -> Response:
        """Start the job's run once more, as a new run. 409 where it goes on."""
        run = _job(pk).run
        if why := why_not_again(run):
            raise Problem(409, "conflict", why)
        return Response(AgainSerializer(retry_run(run, self.caller.user)).data, status.HTTP_201_CREATED)
