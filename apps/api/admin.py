"""What the API remembers, in Django admin: to look at."""

from __future__ import annotations

from django.contrib import admin

from apps.accounts.look_only import LookOnly
from apps.api.models import StartedOnce


@admin.register(StartedOnce)
class StartedOnceAdmin(LookOnly):
    list_display = ("key", "user", "run", "created_at")
    list_select_related = ("user", "run")
    search_fields = ("key", "user__username", "=run__id")
    ordering = ("-id",)
