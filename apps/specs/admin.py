"""Specs in Django admin: to look at. A version never changes; a new text is a new version."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from apps.specs.models import Spec, SpecVersion


class _LookOnly(admin.ModelAdmin):
    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002
        return False


@admin.register(Spec)
class SpecAdmin(_LookOnly):
    list_display = ("key", "title", "project", "created_at")
    list_filter = ("project",)
    search_fields = ("key", "title")
    date_hierarchy = "created_at"


@admin.register(SpecVersion)
class SpecVersionAdmin(_LookOnly):
    list_display = ("spec", "number", "created_by", "created_at")
    list_filter = ("spec__project",)
    list_select_related = ("spec", "created_by")
    search_fields = ("spec__key", "spec__title", "sha256")
    date_hierarchy = "created_at"
