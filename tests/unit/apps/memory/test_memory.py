"""A project's memory, on the database that the tests run on: SQLite, and PostgreSQL in `make test-postgresql`."""

from __future__ import annotations

from datetime import timedelta

import pytest

from apps.events import clock
from apps.memory import services
from apps.memory.models import Note
from apps.memory.queries import export, notes_of
from apps.memory.search import search
from apps.memory.services import Author, MemoryRefused, erase, expire, forget, remember
from apps.projects.secrets import put_secret
from tests.conftest import People

JOB = Author(run_number=7, job_number=70, role="coding")


def texts(people: People, question: str, limit: int = 10) -> list[str]:
    return [note.text for note in search(people.project, question, limit)]


def test_the_note_with_the_most_of_the_words_comes_first_and_of_several_the_newest(people: People) -> None:
    for text in ("deploy with make", "The port is 8080", "deploy listens on the port", "deploy on Friday"):
        remember(people.project, text, JOB)
    assert texts(people, "deploy port") == [
        "deploy listens on the port",
        "deploy on Friday",
        "The port is 8080",
        "deploy with make",
    ]


@pytest.mark.parametrize(
    "question", ["PORT", "por", "port?!", "the-port", "über", "ÜBER", "8080", "v2x", "1e5", "12ab"]
)
def test_a_word_is_found_however_it_is_written_and_by_its_beginning(people: People, question: str) -> None:
    remember(people.project, "Port 8080, Über-Tests; v2x 1e5 12abc settings.port_number", JOB)
    remember(people.project, "Something else", JOB)
    assert len(texts(people, question)) == 1


@pytest.mark.parametrize(
    "question",
    [
        '"',
        "'",
        "port OR",
        "NEAR(",
        "words:port",
        "port*",
        "-port",
        "a AND NOT b",
        "port') --",
        "{x} ^ +",
        "p & !q | (",
        "\0",
        "' :*",
    ],
)
def test_what_a_query_language_knows_is_only_text(people: People, question: str) -> None:
    remember(people.project, "the port or the words", JOB)
    remember(people.project, "elsewhere", JOB)
    assert texts(people, question) in ([], ["the port or the words"])


def test_a_question_without_a_word_finds_nothing(people: People) -> None:
    remember(people.project, "the port", JOB)
    assert texts(people, " ?! _ ") == []


def test_it_never_crosses_projects(people: People) -> None:
    theirs = remember(people.foreign_project, "their secret port", JOB)
    assert texts(people, "port") == [] == list(notes_of(people.project)) == list(export(people.project))
    assert not forget(people.project, theirs.pk)
    assert erase(people.project) == 0
    assert Note.objects.get() == theirs


def test_the_same_text_is_one_note_that_is_renewed(people: People) -> None:
    first = remember(people.project, "The port is 8080.", JOB, days=1)
    again = remember(people.project, " The port is 8080.\n", Author(people.owner))
    assert (first.pk, again.expires_at, again.author) == (again.pk, None, "owner")
    assert texts(people, "port") == ["The port is 8080."]


def test_what_has_expired_is_not_found_and_is_erased(people: People) -> None:
    note = remember(people.project, "The port is 8080.", JOB, days=1)
    remember(people.project, "The port is 9090.", JOB, days=1)
    Note.objects.filter(pk=note.pk).update(expires_at=clock.now() - timedelta(seconds=1))
    assert texts(people, "port") == ["The port is 9090."] == [note.text for note in notes_of(people.project)]
    assert (expire(), Note.objects.count()) == (1, 1)


def test_what_is_forgotten_is_in_no_index_either(people: People) -> None:
    note = remember(people.project, "The port is 8080.", JOB)
    assert forget(people.project, note.pk)
    remember(people.project, "elsewhere", JOB)
    assert texts(people, "port") == []
    assert not forget(people.project, note.pk)


def test_a_secret_is_masked_before_it_is_stored(people: People) -> None:
    put_secret(people.project, "TOKEN", "hunter2hunter2")
    note = remember(people.project, "The token is hunter2hunter2.", JOB)
    assert (note.text, texts(people, "hunter2hunter2")) == ("The token is [masked].", [])


def test_sizes_and_counts_are_bounded(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "MOST_NOTES", 3)
    monkeypatch.setattr(services, "MOST_PER_RUN", 2)
    refused = [("x" * 4_001, None), ("?!", None), ("one", 0), ("one", 4_000)]
    for text, days in refused:
        with pytest.raises(MemoryRefused):
            remember(people.project, text, JOB, days=days)
    for text in ("one", "two"):
        remember(people.project, text, JOB)
    with pytest.raises(MemoryRefused, match="as many as one run may"):
        remember(people.project, "three", JOB)
    remember(people.project, "one", JOB)  # which is there already
    remember(people.project, "three", Author(people.owner))
    with pytest.raises(MemoryRefused, match="Forget some"):
        remember(people.project, "four", Author(people.owner))


def test_an_export_has_everything(people: People) -> None:
    remember(people.project, "one\0", JOB, days=2)
    remember(people.project, "two", Author(people.owner))
    first, second = export(people.project)
    assert (first["text"], first["run"], first["job"], first["role"]) == ("one\ufffd", 7, 70, "coding")
    assert first["author"] == "coding job 70 of run 7"
    assert (second["text"], second["written_by"], second["expires_at"]) == ("two", "owner", None)
