"""A project's memory over the API."""

from __future__ import annotations

import json

from apps.memory.models import Note
from apps.memory.services import Author, remember
from tests.conftest import People
from tests.unit.apps.api.conftest import Api


def test_a_note_is_added_found_exported_and_forgotten(owner: Api, people: People) -> None:
    path = f"/projects/{people.project.pk}/memory"
    made = owner.post(path, {"text": "The port is 8080.", "days": 3}).json()
    assert (made["author"], made["written_by"], made["run"]) == ("owner", "owner", None)
    assert owner.get(f"{path}?q=port").json()["results"] == [made] == owner.get(path).json()["results"]
    lines = b"".join(owner.get(f"{path}/export").streaming_content).decode().splitlines()
    assert [json.loads(line)["text"] for line in lines] == ["The port is 8080."]
    assert owner.post(f"{path}/{made['id']}/forget").json() == {"forgotten": 1}
    assert owner.get(path).json()["count"] == 0


def test_a_note_of_another_project_is_not_there(owner: Api, people: People) -> None:
    theirs = remember(people.foreign_project, "theirs", Author())
    assert owner.post(f"/projects/{people.project.pk}/memory/{theirs.pk}/forget").status_code == 404
    assert Note.objects.get() == theirs


def test_what_cannot_be_kept_is_refused_with_a_sentence(owner: Api, people: People) -> None:
    path = f"/projects/{people.project.pk}/memory"
    assert owner.post(path, {"text": "?!"}).json()["detail"] == "There is no word in it."
    for body in ({"text": "x" * 4_001}, {"text": "x", "days": 0}, {"note": "x"}):
        assert owner.post(path, body).status_code == 422
    assert owner.get(f"{path}?q={'x' * 501}").status_code == 422


def test_erasing_all_is_for_owners(owner: Api, people: People) -> None:
    remember(people.project, "ours", Author())
    path = f"/projects/{people.project.pk}/memory/erase"
    assert Api(people.teammate).post(path).status_code == 403
    assert owner.post(path).json() == {"forgotten": 1}
