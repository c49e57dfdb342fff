"""How long an artifact is kept, by its kind and its age. Settings say so; 0 days are for ever."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings

from apps.artifacts.models import Artifact
from apps.runs.models import Job


def kept_for(kind: str) -> timedelta | None:
    """None: for ever."""
    days = {
        Artifact.Kind.WORKSPACE: settings.KEEP_WORKSPACE_DAYS,
        Artifact.Kind.LOG: settings.KEEP_LOG_DAYS,
    }.get(Artifact.Kind(kind), settings.KEEP_ARTIFACT_DAYS)
    return timedelta(days=days) if days > 0 else None


def kept_until(artifact: Artifact) -> datetime | None:
    """When it goes; of a run that has not ended then, when the run has."""
    span = kept_for(artifact.kind)
    return artifact.created_at + span if span else None


def log_is_gone(job: Job, now: datetime) -> bool:
    """Whether a job without output ended so long ago that what it printed is no longer kept."""
    span = kept_for(Artifact.Kind.LOG)
    return span is not None and job.finished_at is not None and job.finished_at + span < now
