"""Turn: one message of a model's conversation about a task, kept as it happens: a killed worker's successor goes on."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q, QuerySet
from django.utils import timezone


class Turn(models.Model):
    """Written once, under the lease of the job that holds the task. A repair round is a new conversation.

    The conversation of a step of the whole run (the manager's about the spec) belongs to the run, and has no task.
    """

    task = models.ForeignKey("runs.Task", models.CASCADE, null=True, blank=True, related_name="turns")
    run = models.ForeignKey("runs.Run", models.CASCADE, null=True, blank=True, related_name="turns")
    round = models.PositiveSmallIntegerField()
    number = models.PositiveIntegerField(help_text="1, 2, 3 … within the round.")
    job_id = models.BigIntegerField(help_text="The attempt that it happened in.")
    message = models.JSONField(help_text="role, text, tool_calls, call_id, name; secrets masked.")
    snapshot = models.CharField(max_length=40, blank=True, help_text="The commit that keeps the files after it.")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["task", "round", "number"]
        constraints = [
            models.UniqueConstraint(fields=["task", "round", "number"], name="turn_once"),
            models.UniqueConstraint(
                fields=["run", "round", "number"], name="turn_of_run_once", condition=Q(run__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"Turn {self.number} of round {self.round}"


def turns_of(task_id: int, round: int) -> list[dict[str, Any]]:
    """The conversation about a task so far: {number, message, snapshot}, in order."""
    return _listed(Turn.objects.filter(task_id=task_id, round=round))


def turns_of_run(run_id: int, round: int) -> list[dict[str, Any]]:
    """The conversation of the whole run so far."""
    return _listed(Turn.objects.filter(run_id=run_id, round=round))


def _listed(turns: QuerySet[Turn]) -> list[dict[str, Any]]:
    rows = turns.order_by("number")
    return [dict(row) for row in rows.values("number", "message", "snapshot")]
