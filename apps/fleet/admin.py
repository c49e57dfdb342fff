"""Agents, their tokens and what they were given, in Django admin: to look at, and to hold through the services."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from apps.accounts.look_only import LookOnly, act_on
from apps.accounts.models import User
from apps.fleet.models import Agent, Assignment, Command, EnrolmentToken, Upload
from apps.fleet.services.enrol import revoke_token
from apps.fleet.services.hold import drain_agent, pause_agent, resume_agent, revoke_agent


def _who(request: HttpRequest) -> User | None:
    return request.user if isinstance(request.user, User) else None


@admin.register(Agent)
class AgentAdmin(LookOnly):
    list_display = ("name", "tags", "slots", "version", "seen_at", "load", "draining_at", "paused_at", "revoked_at")
    list_filter = (("revoked_at", admin.EmptyFieldListFilter),)
    search_fields = ("name",)
    exclude = ("digest",)
    actions = ("drain", "pause", "resume", "revoke")

    @admin.action(description="Drain: finish, take no more", permissions=["operate"])
    def drain(self, request: HttpRequest, agents: QuerySet[Agent]) -> None:
        act_on(
            request,
            agents,
            lambda one: "" if drain_agent(one, _who(request)) else "it was drained already, or revoked.",
        )

    @admin.action(description="Pause: give it nothing until it is resumed", permissions=["operate"])
    def pause(self, request: HttpRequest, agents: QuerySet[Agent]) -> None:
        act_on(request, agents, lambda one: "" if pause_agent(one, _who(request)) else "it was revoked.")

    @admin.action(description="Resume", permissions=["operate"])
    def resume(self, request: HttpRequest, agents: QuerySet[Agent]) -> None:
        act_on(request, agents, lambda one: "" if resume_agent(one, _who(request)) else "it was not held.")

    @admin.action(description="Revoke for good: out at once, its jobs are lost", permissions=["operate"])
    def revoke(self, request: HttpRequest, agents: QuerySet[Agent]) -> None:
        act_on(request, agents, lambda one: "" if revoke_agent(one, _who(request)) else "it was revoked before.")


@admin.register(EnrolmentToken)
class EnrolmentTokenAdmin(LookOnly):
    list_display = ("name", "prefix", "tags", "organisation", "used", "most", "expires_at", "revoked_at")
    list_select_related = ("organisation",)
    search_fields = ("name", "prefix")
    exclude = ("digest",)
    actions = ("revoke",)

    @admin.action(description="Revoke: nobody else joins with it", permissions=["operate"])
    def revoke(self, request: HttpRequest, tokens: QuerySet[EnrolmentToken]) -> None:
        act_on(request, tokens, lambda one: "" if revoke_token(one) else "it was revoked before.")


@admin.register(Assignment)
class AssignmentAdmin(LookOnly):
    list_display = ("job", "agent", "offers", "offered_at", "acknowledged_at", "ended_at", "log_bytes")
    list_select_related = ("job", "agent")
    search_fields = ("=job__id", "agent__name")
    exclude = ("lease_token",)


@admin.register(Command)
class CommandAdmin(LookOnly):
    list_display = ("kind", "agent", "created_at", "acknowledged_at")
    list_select_related = ("agent",)
    search_fields = ("agent__name",)


@admin.register(Upload)
class UploadAdmin(LookOnly):
    list_display = ("name", "assignment", "kind", "size_bytes", "finished_at")
    list_select_related = ("assignment",)
    search_fields = ("name",)
