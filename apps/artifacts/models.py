"""Artifact: a file that a job produced. The row says what it is; the store holds the bytes."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from apps.runs.models import Job, Run


class Artifact(models.Model):
    class Kind(models.TextChoices):
        LOG = "log", "Log"
        DIFF = "diff", "Diff"
        TREE = "tree", "Tree"
        REPORT = "report", "Report"
        WORKSPACE = "workspace", "Workspace"
        FILE = "file", "File"
        PACKAGE = "package", "Package"  # what a CI run was given to begin with

    run = models.ForeignKey(Run, models.CASCADE, related_name="artifacts")
    job = models.ForeignKey(Job, models.CASCADE, related_name="artifacts")
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=12, choices=Kind)
    size_bytes = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    store_key = models.CharField(max_length=300, unique=True)
    content_type = models.CharField(max_length=100, default="application/octet-stream")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["kind", "created_at"], name="artifact_age_of_a_kind")]
        constraints = [models.UniqueConstraint(fields=["job", "name"], name="artifact_name_once")]

    def __str__(self) -> str:
        return self.name
