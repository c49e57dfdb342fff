"""Steering: what a person says to a job under way: a message, a pause, a hand-off to another role."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q, QuerySet
from django.utils import timezone


class Steering(models.Model):
    """One thing that was said. It holds for the work, not for one attempt at it: a worker that dies changes nothing.

    A message is done when it is in the conversation, which happens in one transaction; a pause when somebody resumes;
    a hand-off when the job that it was said to has ended.
    """

    class Kind(models.TextChoices):
        MESSAGE = "message", "Message"
        PAUSE = "pause", "Pause"
        HAND_OFF = "hand_off", "Hand-off"

    job = models.ForeignKey("runs.Job", models.CASCADE, related_name="steering", help_text="That it was said to.")
    task = models.ForeignKey("runs.Task", models.CASCADE, related_name="steering")
    step = models.CharField(max_length=30)
    round = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=10, choices=Kind)
    text = models.TextField(blank=True, help_text="Secrets masked.")
    to_role = models.CharField(max_length=12, blank=True)
    said_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    said_at = models.DateTimeField(default=timezone.now)
    done_at = models.DateTimeField(null=True, blank=True)
    turn = models.PositiveIntegerField(null=True, blank=True, help_text="Of the conversation, where it is a message.")

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["task", "step", "round", "kind"],
                name="steering_open_once",
                condition=Q(done_at__isnull=True, kind__in=["pause", "hand_off"]),
            )
        ]
        indexes = [models.Index(fields=["task", "step"], name="steering_open", condition=Q(done_at__isnull=True))]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} to job {self.job_id}"

    @property
    def who(self) -> str:
        return self.said_by.get_username() if self.said_by else "the operator"


def open_steering(task_id: int, step: str, *kinds: str) -> QuerySet[Steering]:
    """What was said about this work and is not done yet, oldest first."""
    rows = Steering.objects.filter(task_id=task_id, step=step, kind__in=kinds, done_at=None)
    return rows.select_related("said_by").order_by("pk")


def is_paused(task_id: int, step: str, round: int) -> bool:
    return open_steering(task_id, step, Steering.Kind.PAUSE).filter(round=round).exists()
