"""Note: something that a project remembers from one run to the next."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from apps.projects.models import Project


class Note(models.Model):
    """Written by a job or a person, read by every later job of the same project, and of no other one.

    `words` is what search looks through: the text's words, small, with a space in between. An index of each database's
    own kind lies over it (migration 0002). Run and job are numbers, not keys: a note outlives the run that wrote it.
    """

    project = models.ForeignKey(Project, models.CASCADE, related_name="notes")
    text = models.TextField()
    words = models.TextField()
    digest = models.CharField(max_length=64, help_text="SHA-256 of the text: the same is not remembered twice.")
    run_number = models.BigIntegerField(null=True, blank=True, help_text="The run that wrote it; empty for a person.")
    job_number = models.BigIntegerField(null=True, blank=True)
    role = models.CharField(max_length=12, blank=True, help_text="Of the job that wrote it.")
    written_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", help_text="The person."
    )
    written_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Not shown any more then, and soon erased.")

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["project", "digest"], name="note_once")]
        indexes = [
            models.Index(fields=["project", "-id"], name="note_project"),
            models.Index(fields=["expires_at"], name="note_expires", condition=Q(expires_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"Note {self.pk}"

    @property
    def author(self) -> str:
        """Who wrote it, in words."""
        if self.run_number is not None:
            return f"{self.role} job {self.job_number} of run {self.run_number}"
        return self.written_by.get_username() if self.written_by else "somebody"
