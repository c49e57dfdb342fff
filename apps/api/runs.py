"""Runs: list, detail, cancel, retry. How one is started is in run_start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.functional import cached_property
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from apps.api.base import READ_RUNS, ApiView
from apps.api.budget import BudgetField
from apps.api.caller import Caller
from apps.api.idempotency import IDEMPOTENCY_KEY, once, read_key
from apps.api.lists import ListView
from apps.api.problems import Problem
from apps.api.reading import Read, reader
from apps.api.reasons import ReasonField
from apps.api.releases import ReleaseSerializer, newest_releases
from apps.api.run_filters import RunFilters
from apps.api.run_start import StartRun, start
from apps.api.usage import SpentSerializer
from apps.events.lifecycle import can_move
from apps.releases.models import Release
from apps.runs.models import ModelCall, Priority, Run
from apps.runs.progress import Progress, progress_of
from apps.runs.services.start import retry_run, why_not_again
from apps.runs.services.stop import cancel_run
from apps.runs.spending.queries import Spent, spent_per
from apps.runs.states import RunStatus
from apps.specs.models import SpecVersion

WRITE_RUNS = {"POST": "runs:write"}


@dataclass(frozen=True)
class Facts:
    """What a run's JSON says beyond its row; read for a whole page at once."""

    caller: Caller
    progress: dict[int, Progress]
    releases: dict[int, Release]
    spent: dict[int, Spent]
    specs: dict[int | None, int]  # by version

    @classmethod
    def of(cls, runs: Sequence[Run], caller: Caller) -> Facts:
        calls = ModelCall.objects.filter(run__in=[run.pk for run in runs])
        versions = SpecVersion.objects.filter(pk__in={run.spec_version_id for run in runs if run.spec_version_id})
        specs: dict[int | None, int] = dict(versions.values_list("pk", "spec_id"))
        return cls(caller, progress_of(runs), newest_releases(runs), spent_per(calls, "run_id"), specs)


class ProgressSerializer(serializers.Serializer[Progress]):
    done = serializers.IntegerField(min_value=0)
    total = serializers.IntegerField(min_value=1)


class TouchedSerializer(serializers.Serializer[Any]):
    """A test, CI file or test command that a commit changed (added, modified, deleted, of another type); or a file
    into which it wrote a secret."""

    task = serializers.CharField()
    path = serializers.CharField()
    change = serializers.ChoiceField(["A", "M", "D", "T", "secret"])


class PriorityField(serializers.ChoiceField):
    """In words. get_priority_display() would go through all choices for every run."""

    def to_representation(self, value: Any) -> str:
        return str(Priority(value).label)


class RunSerializer(serializers.ModelSerializer[Run]):
    """A run. `allowed` says what its reader may do with it now; `guarded`, that `touched` waits for a person."""

    url = serializers.SerializerMethodField()
    project = serializers.CharField(source="project.slug")
    priority = PriorityField(choices=Priority.labels)
    progress = serializers.SerializerMethodField()
    reason = ReasonField()
    created_by = serializers.CharField(source="created_by.username", default=None, allow_null=True)
    release = serializers.SerializerMethodField()
    usage = serializers.SerializerMethodField()
    touched = TouchedSerializer(many=True)
    budget = BudgetField(read_only=True)
    spec = serializers.SerializerMethodField()
    allowed = serializers.SerializerMethodField()

    class Meta:
        model = Run
        fields = (
            *("id", "url", "title", "project", "status", "reason", "message", "workflow", "engine", "priority"),
            *("cause", "parent", "commit", "branch", "progress", "created_at", "started_at", "finished_at"),
            "from_branch",
            *("created_by", "guarded", "touched", "release", "usage", "allowed", "unattended", "budget", "spec"),
        )
        read_only_fields = fields

    @property
    def facts(self) -> Facts:
        return self.context["facts"]

    @cached_property
    def inner(self) -> dict[type[serializers.BaseSerializer[Any]], Read]:
        """One of each for a whole page: to make one takes longer than all that it says of a run."""
        return {kind: reader(kind()) for kind in (ProgressSerializer, ReleaseSerializer, SpentSerializer)}

    @cached_property
    def runs_url(self) -> str:
        return self.context["request"].build_absolute_uri(reverse("api:runs"))

    def get_url(self, run: Run) -> str:
        return f"{self.runs_url}/{run.pk}"

    @extend_schema_field(ProgressSerializer)
    def get_progress(self, run: Run) -> Any:
        return self.inner[ProgressSerializer](self.facts.progress[run.pk])

    @extend_schema_field(ReleaseSerializer(allow_null=True))
    def get_release(self, run: Run) -> Any:
        release = self.facts.releases.get(run.pk)
        return self.inner[ReleaseSerializer](release) if release else None

    @extend_schema_field(serializers.IntegerField(allow_null=True, help_text="Its spec; null where there is none yet."))
    def get_spec(self, run: Run) -> int | None:
        return self.facts.specs.get(run.spec_version_id)

    @extend_schema_field(SpentSerializer)
    def get_usage(self, run: Run) -> Any:
        return self.inner[SpentSerializer](self.facts.spent.get(run.pk, Spent()))

    @extend_schema_field(serializers.ListField(child=serializers.ChoiceField(["cancel", "retry"])))
    def get_allowed(self, run: Run) -> list[str]:
        caller = self.facts.caller
        if not (caller.has_scope("runs:write") and caller.may_change(run.project.organisation_id)):
            return []
        stops = can_move(run, RunStatus.CANCELED) and not run.stop_reason
        return ["cancel"] * stops + ["retry"] * (not why_not_again(run))


def show(view: ApiView, run: Run) -> dict[str, Any]:
    return RunSerializer(run, context={"request": view.request, "facts": Facts.of([run], view.caller)}).data


class RunList(ListView):
    """The runs that you may see, newest first; and the way to start one."""

    scopes = {**READ_RUNS, **WRITE_RUNS}
    serializer_class = RunSerializer
    filterset_class = RunFilters

    def rows(self) -> QuerySet[Run]:
        return self.caller.runs().select_related("project", "created_by").defer("story").order_by("-id")

    def context_of(self, rows: Sequence[Run]) -> dict[str, Any]:
        return {"facts": Facts.of(rows, self.caller)}

    @extend_schema(request=StartRun, parameters=[IDEMPOTENCY_KEY], responses={201: RunSerializer})
    def post(self, request: Request) -> Response:
        """Start a run of a spec (its text, or an object), of one that is stored, of a story, or of a workflow of none.

        With `Idempotency-Key` the same request, sent again within a day, answers with the run that it started first.
        """
        body = StartRun(data=request.data)
        body.is_valid(raise_exception=True)
        key = read_key(request)
        started = once(self.caller, key, request.data, lambda: start(self.caller, body.validated_data))
        shown = show(self, started.run)
        headers = {"Location": shown["url"], **({"Idempotency-Replayed": "true"} if started.replayed else {})}
        return Response(shown, status.HTTP_201_CREATED, headers=headers)


class RunView(ApiView):
    """One run."""

    scopes = READ_RUNS

    @extend_schema(responses=RunSerializer)
    def get(self, request: Request, pk: int) -> Response:
        return Response(show(self, run_of(self, pk)))


def run_of(view: ApiView, pk: int) -> Run:
    return get_object_or_404(view.caller.runs().select_related("project", "created_by"), pk=pk)


class CancelRun(ApiView):
    scopes = WRITE_RUNS

    @extend_schema(request=None, responses={202: RunSerializer})
    def post(self, request: Request, pk: int) -> Response:
        """Ask the run to stop: its jobs end within seconds, then the run. 409 where it is ending already."""
        run = run_of(self, pk)
        self.caller.require_change(run.project.organisation_id)
        if not cancel_run(run, self.caller.user):
            raise Problem(409, "conflict", f"Run {pk} has ended, or was asked to stop before.", status_now=run.status)
        return Response(show(self, run_of(self, pk)), status.HTTP_202_ACCEPTED)


class RetryRun(ApiView):
    scopes = WRITE_RUNS

    @extend_schema(request=None, responses={201: RunSerializer})
    def post(self, request: Request, pk: int) -> Response:
        """Start the same spec version once more, as a new run that names this one as its parent."""
        run = run_of(self, pk)
        self.caller.require_change(run.project.organisation_id)
        if why := why_not_again(run):
            raise Problem(
                409, "conflict", why if run.ended else f"Run {pk} is {run.status}; what has ended can be retried."
            )
        fresh = show(self, retry_run(run, self.caller.user))
        return Response(fresh, status.HTTP_201_CREATED, headers={"Location": fresh["url"]})
