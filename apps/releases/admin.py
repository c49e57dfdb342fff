"""Environments and releases in Django admin: to look at."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from apps.accounts.look_only import LookOnly
from apps.releases.models import Environment, Release


@admin.register(Environment)
class EnvironmentAdmin(LookOnly):
    list_display = ("name", "project", "url", "live", "previous", "generation")
    list_select_related = ("project",)
    search_fields = ("name", "project__slug")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Environment]:
        """Their releases in a query of their own: a join reads every release that there ever was."""
        found = super().get_queryset(request)
        return found.prefetch_related("live__environment__project", "previous__environment__project")


@admin.register(Release)
class ReleaseAdmin(LookOnly):
    list_display = ("id", "environment", "run", "status", "reason", "target", "commit", "created_at")
    list_filter = ("status", "reason")
    list_select_related = ("environment__project", "run")
    search_fields = ("=id", "=run__id", "commit", "environment__project__slug")
