"""Steering a job: what was said to it, and ways to say more: a message, a pause, to go on, a hand-off."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.models import User
from apps.api.base import READ_RUNS, ApiView
from apps.api.lists import ListView
from apps.api.parsing import Strict, Text, one_of
from apps.api.problems import Problem
from apps.runs.models import Job, Run, Steering
from apps.runs.plan.workflows import ROLES
from apps.runs.services.steer import (
    LONGEST,
    SteeringRefused,
    can_be_steered,
    hand_off,
    pause_job,
    resume_job,
    roles_to_hand_to,
    say,
)

WRITE_RUNS = {"POST": "runs:write"}


class SteeringSerializer(serializers.ModelSerializer[Steering]):
    """One thing that was said. `done_at`: a message was read, a pause is over, a hand-off was obeyed."""

    said_by = serializers.CharField(source="said_by.username", default=None, allow_null=True)

    class Meta:
        model = Steering
        fields = ("id", "job", "kind", "text", "to_role", "said_by", "said_at", "done_at")
        read_only_fields = fields


class SteeredSerializer(serializers.Serializer[dict[str, Any]]):
    """A job after it was steered. `allowed`: what may be said to it now; `hand_off_to`: who may be handed its work."""

    job = serializers.IntegerField()
    status = serializers.CharField()
    allowed = serializers.ListField(child=serializers.ChoiceField(["say", "pause", "resume", "hand_off"]))
    hand_off_to = serializers.ListField(child=serializers.ChoiceField(ROLES))
    planned_as = serializers.IntegerField(allow_null=True, help_text="The run that the manager plans in place of this.")


class Message(Strict):
    text = Text(max_length=LONGEST, help_text="Secrets of the project in it are masked.")


class HandOffBody(Strict):
    role = serializers.ChoiceField(ROLES, error_messages=one_of(ROLES, "The role"))
    text = Text(required=False, allow_blank=True, default="", max_length=LONGEST, help_text="Why, for who goes on.")


class JobSteering(ListView):
    """All that was said to the job, the oldest first."""

    scopes = READ_RUNS
    serializer_class = SteeringSerializer

    def rows(self) -> QuerySet[Steering]:
        job = get_object_or_404(self.caller.jobs(), pk=self.kwargs["pk"])
        return job.steering.select_related("said_by").order_by("pk")


class SayToJob(ApiView):
    scopes = WRITE_RUNS

    @extend_schema(request=Message, responses={202: SteeredSerializer})
    def post(self, request: Request, pk: int) -> Response:
        """A message that the job's model reads before its next call, once. 409 where it asks no model, or has ended."""
        body = _checked(Message, request)
        return _steer(self, pk, lambda job, user: say(job, user, body["text"]))


class PauseJob(ApiView):
    scopes = WRITE_RUNS

    @extend_schema(request=None, responses={202: SteeredSerializer})
    def post(self, request: Request, pk: int) -> Response:
        """After its present step the job gives its worker back, its work kept. 409 where it has no steps."""
        return _steer(self, pk, pause_job)


class ResumeJob(ApiView):
    scopes = WRITE_RUNS

    @extend_schema(request=None, responses={202: SteeredSerializer})
    def post(self, request: Request, pk: int) -> Response:
        """Let a paused job go on, as its next attempt, where it stood. 409 where it is not paused."""
        return _steer(self, pk, resume_job)


class HandOff(ApiView):
    scopes = WRITE_RUNS

    @extend_schema(request=HandOffBody, responses={202: SteeredSerializer})
    def post(self, request: Request, pk: int) -> Response:
        """The job ends with its work kept, and another role goes on: testing, coding for a repair, or the manager.

        To the manager: the run ends, and a child of it is planned anew, in which `text` counts.
        """
        body = _checked(HandOffBody, request)
        return _steer(self, pk, lambda job, user: hand_off(job, user, body["role"], body["text"]))


def _checked(body: type[Strict], request: Request) -> dict[str, Any]:
    read = body(data=request.data)
    read.is_valid(raise_exception=True)
    return read.validated_data


def _steer(view: ApiView, pk: int, act: Callable[[Job, User], object]) -> Response:
    jobs = Job.objects.filter(run__in=view.caller.runs())  # to steer asks for no leave to read what it prints
    job = get_object_or_404(jobs.select_related("run__project", "task"), pk=pk)
    view.caller.require_change(job.run.project.organisation_id)
    try:
        act(job, view.caller.user)
    except SteeringRefused as error:
        raise Problem(409, "conflict", str(error)) from None
    job.run.refresh_from_db(fields=["status", "stop_reason"])
    allowed = {"allowed": can_be_steered(job), "hand_off_to": roles_to_hand_to(job)}
    fresh = Run.objects.filter(parent=job.run, cause=Run.Cause.REPLAN).order_by("pk").last()
    shown = {"job": job.pk, "status": job.status, **allowed, "planned_as": fresh and fresh.pk}
    return Response(SteeredSerializer(shown).data, status.HTTP_202_ACCEPTED)
