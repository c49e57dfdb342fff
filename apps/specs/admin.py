"""Specs in Django admin: to look at. A version never changes; a new text is a new version."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from apps.accounts.look_only import LookOnly
from apps.specs.models import Spec, SpecVersion


@admin.register(Spec)
class SpecAdmin(LookOnly):
    list_display = ("key", "title", "project", "created_at")
    list_filter = ("project",)
    list_select_related = ("project",)
    search_fields = ("key", "title")
    date_hierarchy = "created_at"


@admin.register(SpecVersion)
class SpecVersionAdmin(LookOnly):
    list_display = ("spec", "number", "created_by", "created_at")
    list_select_related = ("spec", "created_by")
    search_fields = ("spec__key", "spec__title", "sha256")
    date_hierarchy = "created_at"
    exclude = ("data",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[SpecVersion]:
        """A text may have a megabyte: it is read where one version is shown."""
        return super().get_queryset(request).defer("text", "data")
