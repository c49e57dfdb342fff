"""Artifacts in Django admin: to look at. The files are downloaded on a run's page."""

from __future__ import annotations

from django.contrib import admin

from apps.accounts.look_only import LookOnly
from apps.artifacts.models import Artifact


@admin.register(Artifact)
class ArtifactAdmin(LookOnly):
    list_display = ("id", "name", "kind", "size_bytes", "run", "job", "created_at")
    list_display_links = ("id", "name")
    list_filter = ("kind",)
    list_select_related = ("run", "job")
    search_fields = ("=run__id", "=job__id", "name")
    ordering = ("-id",)
