"""Agents, for operators: what each does, and how to hold, name, tag and revoke it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import django_filters
from django.db import transaction
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.keys import ADMIN
from apps.accounts.models import User
from apps.api.base import Scopes
from apps.api.lists import Filters, ListView, TextFilter
from apps.api.operating import OperatorView, Person
from apps.api.parsing import Strict, Text
from apps.api.problems import Problem
from apps.fleet.limits import SLOTS, TAG, TAGS
from apps.fleet.models import Agent
from apps.fleet.overview import STATES, AgentNow, agents_now, has_tag
from apps.fleet.services.hold import (
    NOTE_LENGTH,
    HoldRefused,
    drain_agent,
    note_agent,
    pause_agent,
    resume_agent,
    revoke_agent,
    tag_agent,
)

TAG_PATTERN = rf"^{TAG.pattern}$"


@extend_schema_field({"type": "string", "pattern": TAG_PATTERN})
class TagField(Text):
    """One tag. What it may be is checked here and by the service; the list as a whole by the service."""

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if not TAG.fullmatch(text):
            raise serializers.ValidationError("Use up to 60 of a-z, 0-9, `.`, `_`, `/` and `-`.")
        return text


class AgentSerializer(serializers.Serializer[AgentNow]):
    """`tags` are what it may run, by the server; `effective_tags` are what of them it wants. `jobs` run there now."""

    id = serializers.IntegerField(source="agent.pk")
    url = serializers.SerializerMethodField()
    name = serializers.CharField(source="agent.name")
    state = serializers.ChoiceField(STATES)
    tags = serializers.ListField(source="agent.tags", child=serializers.CharField())
    effective_tags = serializers.ListField(source="agent.effective_tags", child=serializers.CharField())
    organisation = serializers.CharField(source="agent.organisation.slug", default=None, allow_null=True)
    slots = serializers.IntegerField(source="agent.slots", min_value=1, max_value=SLOTS)
    version = serializers.CharField(source="agent.version", allow_blank=True)
    capabilities = serializers.DictField(source="agent.capabilities")
    load = serializers.FloatField(source="agent.load", allow_null=True)
    free_disk_bytes = serializers.IntegerField(source="agent.free_disk_bytes", allow_null=True)
    note = serializers.CharField(source="agent.note", allow_blank=True)
    created_at = serializers.DateTimeField(source="agent.created_at")
    seen_at = serializers.DateTimeField(source="agent.seen_at")
    draining_at = serializers.DateTimeField(source="agent.draining_at", allow_null=True)
    draining_by = Person("agent.draining_by")
    paused_at = serializers.DateTimeField(source="agent.paused_at", allow_null=True)
    paused_until = serializers.DateTimeField(source="agent.paused_until", allow_null=True)
    revoked_at = serializers.DateTimeField(source="agent.revoked_at", allow_null=True)
    revoked_by = Person("agent.revoked_by")
    jobs = serializers.SerializerMethodField()

    def get_url(self, one: AgentNow) -> str:
        return self.context["request"].build_absolute_uri(reverse("api:admin-agent", args=[one.agent.pk]))

    def get_jobs(self, one: AgentNow) -> list[int]:
        return [job.pk for job in one.jobs]

    class Meta:
        model = Agent


class AgentFilters(Filters):
    q = TextFilter("name", "icontains")
    tag = TextFilter(method="of_tag")
    organisation = TextFilter("organisation__slug")
    revoked = django_filters.ChoiceFilter(choices=[("true", "true"), ("false", "false")], method="of_revoked")

    class Meta:
        model = Agent
        fields: tuple[str, ...] = ()

    def of_tag(self, agents: QuerySet[Agent], name: str, tag: str) -> QuerySet[Agent]:
        return agents.filter(has_tag(tag))

    def of_revoked(self, agents: QuerySet[Agent], name: str, value: str) -> QuerySet[Agent]:
        return agents.filter(revoked_at__isnull=value == "false")


class ChangeAgent(Strict):
    note = Text(required=False, allow_blank=True, max_length=NOTE_LENGTH)
    tags = serializers.ListField(child=TagField(), required=False, max_length=TAGS, help_text="What it may run.")
    paused_until = serializers.DateTimeField(required=False, help_text="It is given nothing until then.")


class PauseAgentBody(Strict):
    until = serializers.DateTimeField(required=False, allow_null=True, default=None, help_text="It goes on by itself.")


def agents() -> QuerySet[Agent]:
    return Agent.objects.select_related("organisation", "draining_by", "revoked_by")


class AgentList(OperatorView, ListView):
    """The agents that have joined, the newest first."""

    serializer_class = AgentSerializer
    filterset_class = AgentFilters

    def rows(self) -> QuerySet[Agent]:
        return agents().order_by("-pk")

    def paginate_queryset(self, queryset: Any) -> list[Any]:
        return agents_now(super().paginate_queryset(queryset) or [])


class AgentView(OperatorView):
    scopes: ClassVar[Scopes] = {"GET": ADMIN, "PATCH": ADMIN, "POST": ADMIN}

    def found(self, pk: int) -> Agent:
        return get_object_or_404(agents(), pk=pk)

    def shown(self, pk: int) -> Response:
        (now,) = agents_now([self.found(pk)])
        return Response(AgentSerializer(now, context=self.get_serializer_context()).data)


class OneAgent(AgentView):
    http_method_names = ("get", "head", "patch")

    @extend_schema(responses=AgentSerializer)
    def get(self, request: Request, pk: int) -> Response:
        """One agent."""
        return self.shown(pk)

    @extend_schema(request=ChangeAgent, responses=AgentSerializer)
    def patch(self, request: Request, pk: int) -> Response:
        """Write a note, set what it may run, or pause it until a time; what is not named stays. 409 where it is revoked
        and is to be paused.
        """
        body = ChangeAgent(data=request.data)
        body.is_valid(raise_exception=True)
        agent, said = self.found(pk), body.validated_data
        with transaction.atomic():
            if "note" in said:
                note_agent(agent, said["note"])
            if "tags" in said:
                tag_agent(agent, said["tags"], self.caller.user)
            if "paused_until" in said:
                _pause(self, agent, said["paused_until"], "paused_until")
        return self.shown(pk)


def _pause(view: AgentView, agent: Agent, until: Any, field: str) -> None:
    try:
        if not pause_agent(agent, view.caller.user, until):
            raise Problem(409, "conflict", f"{agent} was revoked.")
    except HoldRefused as error:
        raise serializers.ValidationError({field: [str(error)]}) from None


class DrainAgent(AgentView):
    @extend_schema(request=None, responses=AgentSerializer)
    def post(self, request: Request, pk: int) -> Response:
        """It finishes what it does and takes no more, until it is resumed. 409 where it was drained or revoked."""
        return _do(self, pk, drain_agent, "was drained already, or revoked")


class PauseAgent(AgentView):
    @extend_schema(request=PauseAgentBody, responses=AgentSerializer)
    def post(self, request: Request, pk: int) -> Response:
        """It is given nothing more, until a time or until it is resumed. Of a paused one, change the time."""
        body = PauseAgentBody(data=request.data)
        body.is_valid(raise_exception=True)
        _pause(self, self.found(pk), body.validated_data["until"], "until")
        return self.shown(pk)


class ResumeAgent(AgentView):
    @extend_schema(request=None, responses=AgentSerializer)
    def post(self, request: Request, pk: int) -> Response:
        """Let it take jobs again, after a drain or a pause. 409 where it was neither."""
        return _do(self, pk, resume_agent, "is not held, or was revoked")


class RevokeAgent(AgentView):
    @extend_schema(request=None, responses=AgentSerializer)
    def post(self, request: Request, pk: int) -> Response:
        """Shut it out at once and for good; what it runs is lost, and tried elsewhere. 409 where it was done before."""
        return _do(self, pk, revoke_agent, "was revoked before")


def _do(view: AgentView, pk: int, act: Callable[[Agent, User | None], bool], refused: str) -> Response:
    agent = view.found(pk)
    if not act(agent, view.caller.user):
        raise Problem(409, "conflict", f"{agent} {refused}.")
    return view.shown(pk)
