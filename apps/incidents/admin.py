"""Probes and incidents in Django admin."""

from __future__ import annotations

from functools import partial

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from apps.accounts.look_only import LookOnly, act_on
from apps.events.lifecycle import IllegalMove, MoveLost
from apps.incidents.models import Incident, Probe, ProbeResult
from apps.incidents.services import resolve


@admin.register(Probe)
class ProbeAdmin(LookOnly):
    list_display = ("id", "release", "active", "failures", "every_s", "last_ok_at", "next_at")
    list_filter = ("active",)
    list_select_related = ("release__environment__project",)
    search_fields = ("=release__id",)
    ordering = ("-id",)


@admin.register(ProbeResult)
class ProbeResultAdmin(LookOnly):
    list_display = ("id", "probe", "ok", "status", "took_ms", "message", "at")
    list_filter = ("ok",)
    list_select_related = ("probe__release__environment__project",)
    search_fields = ("=probe__id",)
    ordering = ("-id",)


@admin.register(Incident)
class IncidentAdmin(LookOnly):
    list_display = ("id", "release", "status", "reason", "opened_at", "ended_at", "repair_run")
    list_filter = ("status",)
    indexed_filters = list_filter
    list_select_related = ("release__environment__project", "repair_run")
    search_fields = ("=id", "=release__id", "message")
    actions = ("settle",)

    @admin.action(description="Resolve: a person has looked", permissions=["operate"])
    def settle(self, request: HttpRequest, incidents: QuerySet[Incident]) -> None:
        rows = incidents.select_related("release")
        act_on(request, rows, partial(resolve, message=f"Resolved by {request.user}."), (IllegalMove, MoveLost))
