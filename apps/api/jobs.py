"""Jobs: who tried what, when, and how it ended."""

from __future__ import annotations

from typing import Any, cast

import django_filters
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.api.base import READ_JOBS, READ_RUNS, ApiView
from apps.api.lists import ChoicesFilter, Filters, ListView, TextFilter
from apps.api.reasons import ReasonField
from apps.api.runs import run_of
from apps.fleet.why import waits_for
from apps.runs.models import Job
from apps.runs.plan.workflows import ROLES
from apps.runs.states import JobStatus


class JobSerializer(serializers.ModelSerializer[Job]):
    """One attempt by one role. `task` is a task's key, or null for a step of the whole run."""

    url = serializers.SerializerMethodField()
    task = serializers.CharField(source="task.key", default=None, allow_null=True)
    outcome = serializers.DictField()
    reason = ReasonField()
    log_url = serializers.SerializerMethodField()
    runs_on = serializers.ListField(child=serializers.CharField(), help_text="Tags of the agents that may do it.")
    agent = serializers.SerializerMethodField()
    waits = serializers.SerializerMethodField()

    class Meta:
        model = Job
        fields = (
            *("id", "url", "run", "task", "role", "step", "round", "attempt", "status", "reason", "message", "worker"),
            *("queued_at", "started_at", "finished_at", "outcome", "log_url"),
            *("runs_on", "agent", "waits"),
        )
        read_only_fields = fields

    def get_url(self, job: Job) -> str:
        return self.context["request"].build_absolute_uri(reverse("api:job", args=[job.pk]))

    @extend_schema_field(serializers.CharField(allow_null=True, help_text="Name of the agent that it was given to."))
    def get_agent(self, job: Job) -> Any:
        given = getattr(job, "assignment", None)
        return given.agent.name if given else None

    @extend_schema_field(serializers.CharField(allow_null=True, help_text="Why no agent has begun it yet."))
    def get_waits(self, job: Job) -> str | None:
        return waits_for(job, cast(dict[str, Any], self.context).setdefault("waits", {})) if job.runs_on else None

    def get_log_url(self, job: Job) -> str:
        return self.context["request"].build_absolute_uri(reverse("api:job-log", args=[job.pk]))


class JobFilters(Filters):
    status = ChoicesFilter(choices=JobStatus.choices)
    role = django_filters.ChoiceFilter(choices=[(role, role) for role in ROLES])
    task = TextFilter("task__key")

    class Meta:
        model = Job
        fields: tuple[str, ...] = ()


class RunJobs(ListView):
    """The run's jobs, in the order in which they were queued; every attempt is one."""

    scopes = READ_RUNS
    serializer_class = JobSerializer
    filterset_class = JobFilters

    def rows(self) -> QuerySet[Job]:
        return run_of(self, self.kwargs["pk"]).jobs.select_related("task", "assignment__agent").order_by("pk")


class JobView(ApiView):
    """One job."""

    scopes = READ_JOBS

    @extend_schema(responses=JobSerializer)
    def get(self, request: Request, pk: int) -> Response:
        job = get_object_or_404(self.caller.jobs().select_related("task", "assignment__agent", "run__project"), pk=pk)
        return Response(JobSerializer(job, context=self.get_serializer_context()).data)
