"""Queues and workers, for operators: what waits, who works, and how to hold either."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.keys import ADMIN
from apps.api.base import ApiView, Scopes
from apps.api.installation import FixedList
from apps.api.parsing import Strict, Text
from apps.api.problems import Problem
from apps.runs.models import Worker
from apps.runs.overview import QueueNow, WorkerNow, queues_now, worker_now, workers_now
from apps.runs.plan.workflows import ROLES
from apps.runs.services.drain import drain_worker, left_without, resume_worker
from apps.runs.services.pause import REASON_LENGTH, PauseRefused, pause_queue, resume_queue


class OperatorView(ApiView):
    """For operators alone: it concerns the whole installation, whosever things they are."""

    scopes: ClassVar[Scopes] = {"GET": ADMIN, "POST": ADMIN}

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if not self.caller.user.is_superuser:
            raise Problem(403, "permission_denied", "This is for operators of the whole installation.")
        if self.caller.key is not None and self.caller.key.project_id is not None:
            raise Problem(
                403, "permission_denied", "This key is for one project; this concerns the whole installation."
            )


class Person(serializers.CharField):
    """A username, or null."""

    def __init__(self, source: str) -> None:
        super().__init__(source=f"{source}.username", default=None, allow_null=True)


class QueueSerializer(serializers.Serializer[QueueNow]):
    """`due`: jobs that could begin now; `messages`: what the broker holds, null where it does not answer; `workers`:
    who takes from it.
    """

    role = serializers.ChoiceField(ROLES)
    paused = serializers.BooleanField(source="is_paused")
    paused_at = serializers.DateTimeField(source="row.paused_at", allow_null=True)
    paused_by = Person("row.paused_by")
    reason = serializers.CharField(source="row.reason", allow_blank=True)
    until = serializers.DateTimeField(source="row.until", allow_null=True)
    due = serializers.IntegerField(min_value=0)
    oldest_at = serializers.DateTimeField(allow_null=True)
    running = serializers.IntegerField(min_value=0)
    messages = serializers.IntegerField(min_value=0, allow_null=True)
    workers = serializers.SerializerMethodField()

    def get_workers(self, queue: QueueNow) -> list[str]:
        return [one.worker.name for one in queue.workers]


class WorkerSerializer(serializers.Serializer[WorkerNow]):
    """`processes` is how many jobs it does at once; `silent` is one that was not seen for half a minute."""

    id = serializers.IntegerField(source="worker.pk")
    name = serializers.CharField(source="worker.name")
    state = serializers.ChoiceField(["working", "idle", "draining", "drained", "silent"])
    queues = serializers.ListField(source="worker.queues", child=serializers.CharField())
    machine = serializers.CharField(source="worker.machine")
    pid = serializers.IntegerField(source="worker.pid")
    processes = serializers.IntegerField(source="worker.processes")
    started_at = serializers.DateTimeField(source="worker.started_at")
    seen_at = serializers.DateTimeField(source="worker.seen_at")
    draining_at = serializers.DateTimeField(source="worker.draining_at", allow_null=True)
    draining_by = Person("worker.draining_by")
    jobs = serializers.SerializerMethodField()

    def get_jobs(self, worker: WorkerNow) -> list[int]:
        return [job.pk for job in worker.jobs]


class DrainedSerializer(WorkerSerializer):
    left_without = serializers.ListField(
        child=serializers.CharField(), help_text="Queues that no other worker takes from."
    )


class Pause(Strict):
    reason = Text(required=False, default="", allow_blank=True, max_length=REASON_LENGTH)
    until = serializers.DateTimeField(required=False, allow_null=True, default=None, help_text="It goes on by itself.")


class QueueList(OperatorView, FixedList):
    """The queues, in pipeline order: what waits, and whether they are paused."""

    serializer_class = QueueSerializer

    def rows(self) -> Sequence[QueueNow]:
        return queues_now(workers_now())


class PauseQueue(OperatorView):
    @extend_schema(request=Pause, responses=QueueSerializer)
    def post(self, request: Request, role: str) -> Response:
        """No job of this role begins from now on; what runs goes on. Of a paused queue, change reason and time."""
        body = Pause(data=request.data)
        body.is_valid(raise_exception=True)
        _known(role)
        try:
            pause_queue(role, self.caller.user, **body.validated_data)
        except PauseRefused as error:
            raise serializers.ValidationError({"until": [str(error)]}) from None
        return _queue(role)


class ResumeQueue(OperatorView):
    @extend_schema(request=None, responses=QueueSerializer)
    def post(self, request: Request, role: str) -> Response:
        """Let the queue go on; what waited is sent again. 409 where it was not paused."""
        _known(role)
        if not resume_queue(role, self.caller.user):
            raise Problem(409, "conflict", f"The queue {role} is not paused.")
        return _queue(role)


class WorkerList(OperatorView, FixedList):
    """The Celery workers that are known, by name."""

    serializer_class = WorkerSerializer

    def rows(self) -> Sequence[WorkerNow]:
        return workers_now()


class DrainWorker(OperatorView):
    @extend_schema(request=None, responses=DrainedSerializer)
    def post(self, request: Request, pk: int) -> Response:
        """It finishes what it does and takes no more, also after a restart. 409 where it was drained before."""
        worker = get_object_or_404(Worker, pk=pk)
        if not drain_worker(worker, self.caller.user):
            raise Problem(409, "conflict", f"{worker} is drained already.")
        shown = _worker(pk)
        return Response({**shown, "left_without": left_without(worker)})


class ResumeWorker(OperatorView):
    @extend_schema(request=None, responses=WorkerSerializer)
    def post(self, request: Request, pk: int) -> Response:
        """Let it take jobs again. 409 where it was not drained."""
        worker = get_object_or_404(Worker, pk=pk)
        if not resume_worker(worker, self.caller.user):
            raise Problem(409, "conflict", f"{worker} is not drained.")
        return Response(_worker(pk))


def _known(role: str) -> None:
    if role not in ROLES:
        raise Problem(404, "not_found", f"There is no queue {role[:60]}. There are: {', '.join(ROLES)}.")


def _queue(role: str) -> Response:
    return Response(QueueSerializer(next(one for one in queues_now(workers_now()) if one.role == role)).data)


def _worker(pk: int) -> dict[str, Any]:
    return WorkerSerializer(worker_now(Worker.objects.select_related("draining_by").get(pk=pk))).data
