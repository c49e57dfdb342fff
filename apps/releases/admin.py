"""Environments and releases in Django admin: to look at."""

from __future__ import annotations

from django.contrib import admin

from apps.accounts.look_only import LookOnly
from apps.releases.models import Environment, Release


@admin.register(Environment)
class EnvironmentAdmin(LookOnly):
    list_display = ("name", "project", "url", "live", "previous", "generation")
    list_select_related = ("project", "live__environment__project", "previous__environment__project")
    search_fields = ("name", "project__slug")


@admin.register(Release)
class ReleaseAdmin(LookOnly):
    list_display = ("id", "environment", "run", "status", "reason", "target", "commit", "created_at")
    list_filter = ("status", "reason")
    list_select_related = ("environment__project", "run")
    search_fields = ("=id", "=run__id", "commit", "environment__project__slug")
    date_hierarchy = "created_at"
