"""Gate: a point that waits for a person, of the plan or of a job that asks."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from apps.events.lifecycle import Moves
from apps.runs.states import GATE_MOVES, GateStatus, reasons


class Gate(models.Model):
    """A point that waits for a person to approve or reject.

    One of the plan (`after_plan`) belongs to the run. One that a job opened because it wants to know something belongs
    to that job, which has ended with it: the next attempt is given the answers.
    """

    MOVES: ClassVar[Moves] = GATE_MOVES
    EVENT: ClassVar[str] = "gate"

    run = models.ForeignKey("runs.Run", models.CASCADE, related_name="gates")
    job = models.ForeignKey(
        "runs.Job", models.CASCADE, null=True, blank=True, related_name="gates", help_text="That asks."
    )
    name = models.CharField(max_length=40, help_text="after_plan, before_deploy or questions.")
    round = models.PositiveSmallIntegerField(default=1)
    questions = models.JSONField(default=list, blank=True, help_text="Up to five: text, choices, required.")
    answers = models.JSONField(default=list, blank=True, help_text="One text per question, in their order.")
    status = models.CharField(max_length=10, choices=GateStatus, default=GateStatus.PENDING)
    reason = models.CharField(max_length=30, choices=reasons, blank=True)
    message = models.TextField(blank=True, help_text="What the person wrote.")
    opened_at = models.DateTimeField(default=timezone.now)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["run", "name", "round"], name="gate_once", condition=Q(job__isnull=True)),
            models.UniqueConstraint(fields=["job"], name="gate_once_per_job", condition=Q(job__isnull=False)),
        ]
        indexes = [
            models.Index(fields=["opened_at"], name="gate_pending", condition=Q(status="pending")),
            models.Index(fields=["status", "-id"], name="gate_status"),
        ]

    def __str__(self) -> str:
        return f"Gate {self.name} of run {self.run_id}"

    @property
    def event_run_id(self) -> int:
        return self.run_id
