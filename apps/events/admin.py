"""Events and output in Django admin: to look at. What has happened stays."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from apps.accounts.look_only import LookOnly
from apps.events.models import Event, LogChunk, Sequence


@admin.register(Event)
class EventAdmin(LookOnly):
    list_display = ("run_id", "number", "type", "job_id", "at")
    list_filter = ("type",)
    search_fields = ("=run_id",)
    search_help_text = "A run's number"
    ordering = ("-id",)


@admin.register(Sequence)
class SequenceAdmin(LookOnly):
    list_display = ("run_id", "last")
    search_fields = ("=run_id",)
    ordering = ("-run_id",)


@admin.register(LogChunk)
class LogChunkAdmin(LookOnly):
    """Where the pieces of a job's output lie. The output itself is read on the job's page."""

    list_display = ("job_id", "offset", "size", "at")
    search_fields = ("=job_id",)
    search_help_text = "A job's number"
    ordering = ("-id",)
    exclude = ("data",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[LogChunk]:
        return super().get_queryset(request).defer("data")
