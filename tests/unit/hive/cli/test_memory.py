"""`hive memory`: what a project remembers, read and written through the API."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from apps.memory.models import Note
from tests.conftest import People
from tests.unit.hive.cli.conftest import Verbs

PORT, COLOUR = "The port is 8080.", "Buttons are red."


@pytest.fixture
def notes(people: People, verbs: Verbs) -> list[Note]:
    for text in (PORT, COLOUR):
        assert verbs("memory", "add", "site", text, by=people.teammate)[0] == 0
    return list(Note.objects.order_by("pk"))


def test_a_note_is_kept_with_who_wrote_it_and_for_how_long(people: People, verbs: Verbs) -> None:
    code, out, _ = verbs("memory", "add", "site", PORT, "--days", "3", by=people.teammate)
    note = Note.objects.get()
    assert (code, out, note.text, note.project) == (0, f"Note {note.pk} of site.\n", PORT, people.project)
    assert note.expires_at is not None
    assert timedelta(days=2) < note.expires_at - timezone.now() <= timedelta(days=3)


def test_notes_are_listed_newest_first_and_found_by_their_words(notes: list[Note], verbs: Verbs) -> None:
    _, listed, _ = verbs("memory", "list", "site", "--json")
    assert [one["text"] for one in json.loads(listed)["notes"]] == [COLOUR, PORT]
    _, found, _ = verbs("memory", "search", "site", "port")
    assert found.startswith(f"{notes[0].pk}\t")
    assert found.endswith(f"teammate\t{PORT}\n")
    assert COLOUR not in found


def test_one_is_forgotten_and_the_others_stay(notes: list[Note], verbs: Verbs) -> None:
    assert verbs("memory", "forget", "site", str(notes[0].pk)) == (0, f"Note {notes[0].pk} is forgotten.\n", "")
    assert [one.text for one in Note.objects.all()] == [COLOUR]


def test_an_export_is_one_object_a_line_the_oldest_first(notes: list[Note], verbs: Verbs) -> None:
    _, out, _ = verbs("memory", "export", "site")
    assert [json.loads(line)["text"] for line in out.splitlines()] == [PORT, COLOUR]


def test_erasing_asks_first(notes: list[Note], verbs: Verbs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("typer.confirm", lambda text, abort: (_ for _ in ()).throw(KeyboardInterrupt(text)))
    assert verbs("memory", "erase", "site")[0] == 130
    assert Note.objects.count() == 2
    assert verbs("memory", "erase", "site", "--yes") == (0, "Erased: 2 notes.\n", "")
    assert not Note.objects.exists()


def test_a_viewer_writes_nothing_and_an_outsider_sees_nothing(people: People, notes: list[Note], verbs: Verbs) -> None:
    assert verbs("memory", "add", "site", "Mine", by=people.viewer)[0] == 2
    assert verbs("memory", "forget", "site", str(notes[0].pk), by=people.viewer)[0] == 2
    code, out, err = verbs("memory", "list", "site", by=people.outsider)
    assert (code, out, err) == (2, "", "hive: There is no project 'site'.\n")
    assert Note.objects.count() == 2
