"""Submission: what somebody's pipeline has sent. The run of the workflow `ci` beside it says what became of that."""

from __future__ import annotations

from django.db import models

from apps.runs.models import Run


class Submission(models.Model):
    """The job file, and where it came from. Its package is an artifact of the run; its cells are the run's tasks."""

    run = models.OneToOneField(Run, models.CASCADE, related_name="submission")
    file = models.CharField(max_length=200, blank=True, help_text="Name of the job file.")
    text = models.TextField(help_text="The job file as it came.")
    source = models.JSONField(default=dict, help_text="What the pipeline says of itself: repository, ref, commit, url.")
    package_url = models.CharField(max_length=2000, blank=True, help_text="Where the package is fetched from.")
    package_sha256 = models.CharField(max_length=64, blank=True, help_text="What the package must be, where said.")

    def __str__(self) -> str:
        return f"{self.file or 'Job file'} of run {self.run_id}"
