"""Environment and Release: what runs where, and which version of it people see."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from apps.events.lifecycle import Moves
from apps.projects.models import Project
from apps.releases.states import RELEASE_MOVES, ReleaseStatus
from apps.runs.models import Job, Run
from apps.runs.states import reasons


class Environment(models.Model):
    """A place in which one release of a project at a time is live, under one name and one address.

    `generation` grows with every switch. The host refuses a switch with an older one, so a deployer that lost its
    lease cannot put its release in front of a newer one.
    """

    project = models.ForeignKey(Project, models.CASCADE, related_name="environments")
    name = models.CharField(max_length=40, default="devsite")
    url = models.CharField(max_length=200, blank=True, help_text="Where people reach it; the same for every release.")
    address = models.JSONField(null=True, blank=True, help_text="Where Hive's checks reach it: [kind, …].")
    generation = models.PositiveIntegerField(default=0)
    live = models.ForeignKey("Release", models.SET_NULL, null=True, blank=True, related_name="+")
    previous = models.ForeignKey("Release", models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["project", "name"], name="environment_once")]

    def __str__(self) -> str:
        return f"{self.project}/{self.name}"


class Release(models.Model):
    """One deployed version in one environment.

    pending ─▶ deploying ─▶ live ─▶ superseded | rolled_back | stopped
                   └──────▶ failed
    """

    MOVES: ClassVar[Moves] = RELEASE_MOVES
    EVENT: ClassVar[str] = "release"

    environment = models.ForeignKey(Environment, models.CASCADE, related_name="releases")
    run = models.ForeignKey(Run, models.PROTECT, related_name="releases")
    job = models.OneToOneField(
        Job, models.PROTECT, null=True, blank=True, related_name="release", help_text="The attempt that made it."
    )
    restores = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="+", help_text="After a rollback: what came back."
    )
    commit = models.CharField(max_length=40)
    target = models.CharField(max_length=20)
    config = models.JSONField(help_text="The spec's deploy part, with every default filled in.")
    handle = models.JSONField(default=dict, help_text="What the target needs to find it again.")

    status = models.CharField(max_length=12, choices=ReleaseStatus, default=ReleaseStatus.PENDING)
    reason = models.CharField(max_length=30, choices=reasons, blank=True)
    message = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    live_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["environment", "-id"], name="release_environment")]

    def __str__(self) -> str:
        return f"Release {self.pk} of {self.environment}"

    @property
    def event_run_id(self) -> int:
        return self.run_id
