"""Runs, tasks, jobs and gates in Django admin. A status changes by the actions alone, which call the services."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from apps.accounts.look_only import LookOnly, act_on
from apps.accounts.models import User
from apps.events.lifecycle import IllegalMove, MoveLost
from apps.runs.deciding import DecisionForm
from apps.runs.delegation import Delegation
from apps.runs.models import Gate, Job, ModelCall, Purse, Queue, Run, Steering, Sweep, Task, Worker
from apps.runs.questions import AnswersRefused
from apps.runs.services.approve import approve_gate, reject_gate
from apps.runs.services.drain import drain_worker, resume_worker
from apps.runs.services.pause import pause_queue, resume_queue
from apps.runs.services.start import retry_run, why_not_again
from apps.runs.services.steer import SteeringRefused, pause_job, resume_job
from apps.runs.services.stop import cancel_run
from apps.runs.stations import Reach
from apps.runs.turns import Turn

LOST = (IllegalMove, MoveLost, AnswersRefused)


def _who(request: HttpRequest) -> User | None:
    return request.user if isinstance(request.user, User) else None


@admin.register(Run)
class RunAdmin(LookOnly):
    list_display = ("id", "title", "project", "status", "reason", "workflow", "cause", "created_by", "created_at")
    list_display_links = ("id", "title")
    list_filter = ("status", "cause", "reason")
    indexed_filters = list_filter
    list_select_related = ("project", "created_by")
    search_fields = ("=id", "title", "project__slug")
    actions: Sequence[str | Callable[..., None]] = ("cancel", "retry")

    @admin.action(description="Cancel", permissions=["operate"])
    def cancel(self, request: HttpRequest, runs: QuerySet[Run]) -> None:
        def act(run: Run) -> str:
            return "" if cancel_run(run, _who(request)) else "it was ending already."

        act_on(request, runs, act)

    @admin.action(description="Run again", permissions=["operate"])
    def retry(self, request: HttpRequest, runs: QuerySet[Run]) -> None:
        def act(run: Run) -> str:
            if why := why_not_again(run):
                return why
            retry_run(run, _who(request))
            return ""

        act_on(request, runs.select_related("project", "spec_version"), act)


@admin.register(Task)
class TaskAdmin(LookOnly):
    list_display = ("key", "title", "run", "status", "reason", "round", "commit")
    list_filter = ("status", "reason")
    list_select_related = ("run",)
    search_fields = ("=run__id", "key")
    ordering = ("-id",)


@admin.register(Job)
class JobAdmin(LookOnly):
    list_display = ("id", "step", "run", "task", "status", "reason", "round", "attempt", "worker", "queued_at")
    list_filter = ("status", "reason")
    indexed_filters = list_filter
    list_select_related = ("run", "task")
    search_fields = ("=id", "=run__id", "step")
    ordering = ("-id",)
    exclude = ("lease_token",)
    actions = ("pause", "resume")

    @admin.action(description="Pause after the present step", permissions=["operate"])
    def pause(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        def act(job: Job) -> None:
            pause_job(job, _who(request))

        act_on(request, jobs, act, (SteeringRefused,))

    @admin.action(description="Let paused ones go on", permissions=["operate"])
    def resume(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        act_on(request, jobs, partial(resume_job, user=_who(request)), (SteeringRefused,))


@admin.register(Steering)
class SteeringAdmin(LookOnly):
    list_display = ("id", "kind", "job", "said_by", "said_at", "done_at")
    list_select_related = ("job", "said_by")
    search_fields = ("=id", "=job__id")
    ordering = ("-id",)


@admin.register(Gate)
class GateAdmin(LookOnly):
    list_display = ("id", "name", "run", "status", "opened_at", "decided_by", "decided_at")
    list_filter = ("status",)
    indexed_filters = list_filter
    list_select_related = ("run", "decided_by")
    search_fields = ("=run__id", "name")
    ordering = ("-id",)
    actions = ("approve", "reject")

    @admin.action(description="Approve", permissions=["operate"])
    def approve(self, request: HttpRequest, gates: QuerySet[Gate]) -> None:
        act_on(request, gates, partial(approve_gate, user=_who(request)), LOST)

    @admin.action(description="Reject", permissions=["operate"])
    def reject(self, request: HttpRequest, gates: QuerySet[Gate]) -> None:
        act_on(request, gates, partial(reject_gate, user=_who(request)), LOST)

    def get_urls(self) -> list[URLPattern]:
        decide = path("<int:pk>/decide/", self.admin_site.admin_view(self.decide), name="runs_gate_decide")
        return [decide, *super().get_urls()]

    def decide(self, request: HttpRequest, pk: int) -> HttpResponse:
        """One gate, with answers to what it asks."""
        if not self.has_operate_permission(request):
            raise PermissionDenied
        gate = get_object_or_404(Gate.objects.select_related("run"), pk=pk)
        form = DecisionForm(gate, request.POST or None)
        if form.is_valid() and self._decided(request, gate, form):
            return redirect("admin:runs_gate_change", gate.pk)
        context = {**self.admin_site.each_context(request), "title": f"Decide {gate}", "gate": gate, "form": form}
        return TemplateResponse(request, "admin/runs/gate/decide.html", context)

    def _decided(self, request: HttpRequest, gate: Gate, form: DecisionForm) -> bool:
        user, message = _who(request), form.cleaned_data["message"]
        try:
            if "reject" in request.POST:
                reject_gate(gate, user, message)
            else:
                approve_gate(gate, user, message, form.answers)
        except AnswersRefused as refused:
            form.refuse(refused)
            return False
        except (IllegalMove, MoveLost) as error:
            messages.warning(request, f"{gate}: {error}")
        else:
            messages.success(request, f"{gate} is {gate.status}.")
        return True


@admin.register(Sweep, Reach)
class MomentAdmin(LookOnly):
    list_display = ("at",)


@admin.register(Queue)
class QueueAdmin(LookOnly):
    list_display = ("role", "paused_at", "paused_by", "reason", "until", "resumed_at", "resumed_by")
    list_select_related = ("paused_by", "resumed_by")
    actions = ("pause", "resume")

    @admin.action(description="Pause", permissions=["operate"])
    def pause(self, request: HttpRequest, queues: QuerySet[Queue]) -> None:
        def act(queue: Queue) -> str:
            if queue.is_paused:
                return "it is paused already."
            pause_queue(queue.role, _who(request), "In admin")
            return ""

        act_on(request, queues, act)

    @admin.action(description="Resume", permissions=["operate"])
    def resume(self, request: HttpRequest, queues: QuerySet[Queue]) -> None:
        def act(queue: Queue) -> str:
            return "" if resume_queue(queue.role, _who(request)) else "it was not paused."

        act_on(request, queues, act)


@admin.register(Worker)
class WorkerAdmin(LookOnly):
    list_display = ("name", "queues", "machine", "pid", "processes", "started_at", "seen_at", "draining_at")
    search_fields = ("name",)
    actions = ("drain", "resume")

    @admin.action(description="Drain: finish its jobs, take no more", permissions=["operate"])
    def drain(self, request: HttpRequest, workers: QuerySet[Worker]) -> None:
        def act(worker: Worker) -> str:
            return "" if drain_worker(worker, _who(request)) else "it was drained already."

        act_on(request, workers, act)

    @admin.action(description="Resume", permissions=["operate"])
    def resume(self, request: HttpRequest, workers: QuerySet[Worker]) -> None:
        def act(worker: Worker) -> str:
            return "" if resume_worker(worker, _who(request)) else "it was not drained."

        act_on(request, workers, act)


@admin.register(Purse)
class PurseAdmin(LookOnly):
    list_display = (
        "id",
        "scope",
        "owner_id",
        "day",
        "used_micros",
        "max_micros",
        "used_tokens",
        "used_calls",
        "used_steps",
    )
    list_filter = ("scope",)
    search_fields = ("=owner_id",)


@admin.register(ModelCall)
class ModelCallAdmin(LookOnly):
    list_display = ("id", "model", "run", "job", "state", "input_tokens", "output_tokens", "micros", "began_at")
    list_filter = ("state",)
    list_select_related = ("run", "job")
    search_fields = ("=run__id", "=job__id", "model")
    ordering = ("-id",)


@admin.register(Turn)
class TurnAdmin(LookOnly):
    list_display = ("id", "task", "round", "number", "job_id", "snapshot", "at")
    list_select_related = ("task",)
    search_fields = ("=job_id", "snapshot")
    ordering = ("-id",)


@admin.register(Delegation)
class DelegationAdmin(LookOnly):
    list_display = ("task", "round", "call", "child")
    list_select_related = ("task", "child")
    search_fields = ("=child__id",)
    ordering = ("-id",)
