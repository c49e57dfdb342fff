"""Search: which of a project's notes have one of these words, or one that begins like it.

SQLite's FTS5 and PostgreSQL's tsvector say which; the order is made here, so that it is the same on both: the note
with the most of the words first, of several the newest.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection

from apps.events import clock
from apps.memory.models import Note
from apps.memory.words import asked_for
from apps.projects.models import Project

FOUND = "SELECT note.id, note.words FROM memory_note AS note{joined} WHERE note.project_id = %s AND {matches}"
# Only words of words_of() come into these languages, in quotation marks, and as parameters of the statement.
FTS5 = FOUND.format(joined=" JOIN memory_words ON memory_words.rowid = note.id", matches="memory_words MATCH %s")
TSVECTOR = FOUND.format(joined="", matches="array_to_tsvector(string_to_array(note.words, ' ')) @@ %s::tsquery")


def search(project: Project, question: str, limit: int) -> list[Note]:
    """The best first; nothing for a question without a word."""
    words = asked_for(question)
    if not words:
        return []
    found = sorted(_matching(project.pk, words), key=lambda row: (_score(row[1], words), row[0]), reverse=True)
    now, notes = clock.now(), Note.objects.select_related("written_by").in_bulk([row[0] for row in found])
    alive = (notes[pk] for pk, _ in found if pk in notes)
    return [note for note in alive if note.expires_at is None or note.expires_at > now][:limit]


def _matching(project_id: int, words: Sequence[str]) -> list[tuple[int, str]]:
    """A project has a bounded number of notes, and so this list has one."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(FTS5, [project_id, " OR ".join(f'"{word}"*' for word in words)])
        else:
            cursor.execute(TSVECTOR, [project_id, " | ".join(f"'{word}':*" for word in words)])
        return cursor.fetchall()


def _score(text: str, words: Sequence[str]) -> tuple[int, int]:
    """How many of the words are in it, as they are or as beginnings; and how many as they are."""
    there = text.split(" ")
    return sum(any(one.startswith(word) for one in there) for word in words), len({*words} & {*there})
