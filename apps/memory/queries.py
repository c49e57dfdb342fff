"""Reads of a project's memory that more than one face needs. What has expired is not there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import Q, QuerySet

from apps.events import clock
from apps.memory.models import Note
from apps.projects.models import Project


def notes_of(project: Project) -> QuerySet[Note]:
    """Newest first."""
    alive = Q(expires_at=None) | Q(expires_at__gt=clock.now())
    return Note.objects.filter(alive, project=project).select_related("written_by").order_by("-pk")


def export(project: Project) -> Iterator[dict[str, Any]]:
    """Everything that is kept of the project's memory, oldest first: as plain values, for a file."""
    for note in Note.objects.filter(project=project).select_related("written_by").order_by("pk").iterator(200):
        yield {
            "id": note.pk,
            "text": note.text,
            "author": note.author,
            "run": note.run_number,
            "job": note.job_number,
            "role": note.role,
            "written_by": note.written_by.get_username() if note.written_by else None,
            "written_at": note.written_at.isoformat(),
            "expires_at": note.expires_at.isoformat() if note.expires_at else None,
        }
