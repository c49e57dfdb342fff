"""What the API itself has to remember."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from apps.runs.models import Run


class StartedOnce(models.Model):
    """A request to start a run that carried an Idempotency-Key, and the run that it started."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    key = models.CharField(max_length=200)
    digest = models.CharField(max_length=64, help_text="SHA-256 of the request.")
    run = models.ForeignKey(Run, models.CASCADE, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        verbose_name_plural = "started once"
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="started_once")]

    def __str__(self) -> str:
        return f"{self.key}: run {self.run_id}"
