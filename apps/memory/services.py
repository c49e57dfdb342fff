"""Verbs that change what a project remembers."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from apps.accounts.models import User
from apps.events import clock
from apps.events.masking import mask_text
from apps.events.texts import storable
from apps.memory.models import Note
from apps.memory.words import words_of
from apps.projects.models import Project
from apps.projects.secrets import values_to_mask
from apps.providers.configured import keys

LONGEST = 4_000  # characters of one note
MOST_NOTES = 1_000  # of one project
MOST_PER_RUN = 50  # a model in a circle must not fill what others need
LONGEST_DAYS = 3_650
EXPIRED_AT_ONCE = 1_000


class MemoryRefused(ValueError):
    """It cannot be remembered; the text says why."""


@dataclass(frozen=True)
class Author:
    """A person, or a job of a run."""

    user: User | None = None
    run_number: int | None = None
    job_number: int | None = None
    role: str = ""


def remember(project: Project, text: str, author: Author, *, days: int | None = None) -> Note:
    """Keep a note, for so many days or for good, its secrets masked. The same text again renews the note that there is.

    Raises MemoryRefused.
    """
    kept = _checked(project, text, days)
    digest = hashlib.sha256(kept.encode()).hexdigest()
    expires_at = clock.now() + timedelta(days=days) if days is not None else None
    with transaction.atomic():
        Project.objects.select_for_update(of=("self",), no_key=True).get(
            pk=project.pk
        )  # one at a time: they are counted
        note = Note.objects.filter(project=project, digest=digest).first()
        if note is None:
            _require_room(project, author.run_number)
            note = Note(project=project, text=kept, words=" ".join(words_of(kept)), digest=digest)
        for name, value in _written(author).items():
            setattr(note, name, value)
        note.expires_at = expires_at
        note.save()
    return note


def _written(author: Author) -> dict[str, Any]:
    return {
        "written_by": author.user,
        "run_number": author.run_number,
        "job_number": author.job_number,
        "role": author.role,
        "written_at": clock.now(),
    }


def _checked(project: Project, text: str, days: int | None) -> str:
    if len(text) > LONGEST:
        raise MemoryRefused(f"A note may have {LONGEST:,} characters; this one has {len(text):,}.")
    if days is not None and not 1 <= days <= LONGEST_DAYS:
        raise MemoryRefused(f"A note is kept for 1 to {LONGEST_DAYS:,} days, or for good.")
    secrets = [*values_to_mask(project), *keys(), *settings.OWN_SECRETS]
    kept: str = storable(mask_text(text, secrets)).strip()
    if not words_of(kept):
        raise MemoryRefused("There is no word in it.")
    return kept


def _require_room(project: Project, run_number: int | None) -> None:
    notes = Note.objects.filter(project=project)
    if run_number is not None and notes.filter(run_number=run_number).count() >= MOST_PER_RUN:
        raise MemoryRefused(f"This run has written {MOST_PER_RUN} notes, which is as many as one run may.")
    expire(project)
    if notes.count() >= MOST_NOTES:
        raise MemoryRefused(f"The project {project.slug} has {MOST_NOTES:,} notes, which is all that fit. Forget some.")


def forget(project: Project, note_id: int) -> bool:
    """Erase one note of this project. False if it has none of this number."""
    return bool(Note.objects.filter(project=project, pk=note_id).delete()[0])


def erase(project: Project) -> int:
    """Erase all that the project remembers; how many notes that were."""
    return Note.objects.filter(project=project).delete()[0]


def expire(project: Project | None = None) -> int:
    """Erase what has expired; how many notes that were. Run it again for the rest."""
    over = Note.objects.filter(expires_at__lte=clock.now())
    over = over.filter(project=project) if project else over
    ids = list(over.order_by("expires_at").values_list("pk", flat=True)[:EXPIRED_AT_ONCE])
    return Note.objects.filter(pk__in=ids).delete()[0] if ids else 0
