"""What projects remember, in Django admin: to look at, and to erase."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from apps.accounts.look_only import LookOnly, act_on
from apps.memory.models import Note
from apps.memory.services import forget


@admin.register(Note)
class NoteAdmin(LookOnly):
    list_display = ("id", "project", "shortly", "author", "written_at", "expires_at")
    list_select_related = ("project", "written_by")
    list_filter = ("project",)
    indexed_filters = ("project",)
    search_fields = ("=id", "words")
    exclude = ("words", "digest")
    actions = ("forget_these",)

    @admin.display(description="text")
    def shortly(self, note: Note) -> str:
        return note.text if len(note.text) <= 100 else f"{note.text[:99]}…"

    @admin.action(description="Forget: erase for good", permissions=["operate"])
    def forget_these(self, request: HttpRequest, notes: QuerySet[Any]) -> None:
        act_on(request, notes, lambda note: "" if forget(note.project, note.pk) else "it was forgotten before.")
