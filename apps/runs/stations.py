"""Queue and Worker: where jobs wait, and who takes them. What an operator says about them outlives every process.

Reach: whether agents, which ask over HTTP, can.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone


class Queue(models.Model):
    """What an operator has said about a role's queue; a role without a row was never paused.

    While `paused_at` is set, no job of this role is claimed: the claim asks in its one statement. What began goes on.
    """

    role = models.CharField(max_length=12, unique=True)
    paused_at = models.DateTimeField(null=True, blank=True)
    paused_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    reason = models.CharField(max_length=300, blank=True)
    until = models.DateTimeField(null=True, blank=True, help_text="It goes on by itself then.")
    resumed_at = models.DateTimeField(null=True, blank=True, help_text="What was published before is published again.")
    resumed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.role

    @property
    def is_paused(self) -> bool:
        return self.paused_at is not None


class Worker(models.Model):
    """A Celery worker: one process that receives messages, and those below it that do the jobs.

    `draining_at` belongs to the name, not to the process: a drained worker that is started again takes no job either.
    """

    name = models.CharField(max_length=120, unique=True, help_text="Celery's node name, such as build@machine.")
    queues = models.JSONField(default=list)
    machine = models.CharField(max_length=90, help_text="This boot of it; process ids mean the same to who shares it.")
    pid = models.PositiveIntegerField()
    processes = models.PositiveSmallIntegerField(default=1, help_text="How many jobs it does at once.")
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField(default=timezone.now)
    draining_at = models.DateTimeField(null=True, blank=True)
    draining_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Reach(models.Model):
    """What web servers say of themselves (one row): that one is there, and since when there always was one."""

    at = models.DateTimeField(help_text="When one last said so.")
    since = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.since:%Y-%m-%d %H:%M:%S} to {self.at:%H:%M:%S}"
