"""Probe and Incident: whether a release still answers, and what was done when it did not."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from apps.events.lifecycle import Moves
from apps.incidents.states import INCIDENT_MOVES, IncidentStatus
from apps.releases.models import Release
from apps.runs.models import Run
from apps.runs.states import reasons


class Probe(models.Model):
    """A repeated check of a live release. `next_at` is also the lock: who moves it forward does the check."""

    release = models.ForeignKey(Release, models.CASCADE, related_name="probes")
    check_spec = models.JSONField(help_text="One acceptance check, or the health path.")
    every_s = models.FloatField(default=10)
    next_at = models.DateTimeField(default=timezone.now)
    failures = models.PositiveIntegerField(default=0, help_text="In a row.")
    last_ok_at = models.DateTimeField(null=True, blank=True)
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["next_at"], name="probe_due", condition=Q(active=True))]

    def __str__(self) -> str:
        return f"Probe of {self.release}"


class ProbeResult(models.Model):
    """One look at a release."""

    probe = models.ForeignKey(Probe, models.CASCADE, related_name="results")
    at = models.DateTimeField(default=timezone.now)
    ok = models.BooleanField()
    took_ms = models.FloatField()
    status = models.PositiveSmallIntegerField(null=True)
    message = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["probe", "-id"], name="probe_history")]

    def __str__(self) -> str:
        return f"{'ok' if self.ok else 'failed'} at {self.at:%H:%M:%S}"


class Incident(models.Model):
    """A probe that failed for long enough, what was seen, and what was done.

    open ─▶ repairing ─▶ resolved | escalated
    """

    MOVES: ClassVar[Moves] = INCIDENT_MOVES
    EVENT: ClassVar[str] = "incident"

    release = models.ForeignKey(Release, models.CASCADE, related_name="incidents")
    probe = models.ForeignKey(Probe, models.SET_NULL, null=True, related_name="incidents")
    status = models.CharField(max_length=12, choices=IncidentStatus, default=IncidentStatus.OPEN)
    reason = models.CharField(max_length=30, choices=reasons, blank=True)
    message = models.TextField(blank=True)
    evidence = models.JSONField(default=dict, help_text="The failed checks and the end of the release's log.")
    actions = models.JSONField(default=list, help_text="What was tried: [{at, action, outcome}].")
    repair_run = models.ForeignKey(Run, models.SET_NULL, null=True, blank=True, related_name="+")
    opened_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["status", "-id"], name="incident_status")]
        constraints = [
            models.UniqueConstraint(
                fields=["release"], condition=Q(status__in=["open", "repairing"]), name="incident_one_at_a_time"
            )
        ]

    def __str__(self) -> str:
        return f"Incident {self.pk} of {self.release}"

    @property
    def event_run_id(self) -> int:
        return self.release.run_id
