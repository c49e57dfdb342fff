"""Spec: what to build. Versioned: a run points at one version, which never changes."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from apps.projects.models import Project


class Spec(models.Model):
    project = models.ForeignKey(Project, models.CASCADE, related_name="specs")
    key = models.CharField(max_length=60, help_text="The `id` in the text.")
    title = models.CharField(max_length=200)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["project", "key"], name="spec_key_once")]

    def __str__(self) -> str:
        return self.key


class SpecVersion(models.Model):
    """One text of a spec. The same text twice is the same version."""

    spec = models.ForeignKey(Spec, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    text = models.TextField()
    data = models.JSONField(help_text="The text as validated, every default filled in.")
    story = models.TextField(blank=True, help_text="The story from which a model wrote it; empty: a person did.")
    sha256 = models.CharField(max_length=64)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["spec", "number"], name="spec_version_once"),
            models.UniqueConstraint(fields=["spec", "sha256"], name="spec_text_once"),
        ]

    def __str__(self) -> str:
        return f"{self.spec.key} v{self.number}"
