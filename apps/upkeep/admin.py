"""Pruning in Django admin: an action of the list of runs, added here because runs know nothing of upkeep."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from apps.accounts.look_only import act_on
from apps.runs.admin import RunAdmin
from apps.runs.models import Run
from apps.upkeep.prune import prune_run

NEEDED = "it has not ended, or its release or its work is still needed."


@admin.action(description="Prune: remove for good, with output and artifacts", permissions=["operate"])
def prune(model_admin: admin.ModelAdmin[Any], request: HttpRequest, runs: QuerySet[Run]) -> None:  # noqa: ARG001
    act_on(request, runs, lambda run: "" if prune_run(run) else NEEDED)


RunAdmin.actions = (*RunAdmin.actions, prune)
