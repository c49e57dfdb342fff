"""Gates: a person decides, once."""

from __future__ import annotations

import pytest

from apps.runs.models import Gate, Run
from tests.unit.apps.api.conftest import Api, Things


@pytest.mark.parametrize(("verb", "status"), [("approve", "approved"), ("reject", "rejected")])
def test_a_decision_is_recorded_with_who_and_why(owner: Api, things: Things, verb: str, status: str) -> None:
    shown = owner.post(f"/gates/{things.gate.pk}/{verb}", {"message": "I looked."}).json()
    assert (shown["status"], shown["decided_by"], shown["message"]) == (status, "owner", "I looked.")
    assert (shown["allowed"], shown["decided_at"] is None) == ([], False)
    assert Gate.objects.get().decided_by.username == "owner"  # type: ignore[union-attr]


@pytest.mark.parametrize("verb", ["approve", "reject"])
def test_a_second_decision_is_a_conflict(owner: Api, things: Things, verb: str) -> None:
    owner.post(f"/gates/{things.gate.pk}/approve")
    response = owner.post(f"/gates/{things.gate.pk}/{verb}")
    assert (response.status_code, response.json()["code"]) == (409, "conflict")
    assert "approved" in response.json()["detail"]


def test_a_gate_of_a_run_that_has_ended_is_not_decided_any_more(owner: Api, things: Things) -> None:
    Run.objects.filter(pk=things.run.pk).update(status="canceled")
    assert owner.get(f"/gates/{things.gate.pk}").json()["allowed"] == []
    assert owner.post(f"/gates/{things.gate.pk}/approve").status_code == 409
    assert Gate.objects.get().status == "pending"


def test_a_message_that_is_none_is_refused(owner: Api, things: Things) -> None:
    for body in ({"message": 3}, {"message": "x" * 2001}, {"comment": "x"}):
        assert owner.post(f"/gates/{things.gate.pk}/approve", body).status_code == 422
    assert Gate.objects.get().status == "pending"


def test_the_list_filters(owner: Api, things: Things) -> None:
    assert owner.get("/gates?status=pending").json()["count"] == 1
    assert owner.get(f"/gates?status=approved&run={things.run.pk}").json()["count"] == 0


def test_a_viewer_is_allowed_nothing(viewer: Api, things: Things) -> None:
    assert viewer.get(f"/gates/{things.gate.pk}").json()["allowed"] == []


COLOUR = [
    {"text": "Which colour?", "choices": ["red", "blue"], "required": True},
    {"text": "Anything else?", "choices": [], "required": False},
]


@pytest.fixture
def asking(things: Things) -> str:
    Gate.objects.filter(pk=things.gate.pk).update(questions=COLOUR, job=things.job)
    return f"/gates/{things.gate.pk}"


def test_what_a_gate_asks_is_shown_and_answered(owner: Api, asking: str) -> None:
    assert owner.get(asking).json()["questions"] == COLOUR
    shown = owner.post(f"{asking}/approve", {"answers": ["blue"]}).json()
    assert (shown["status"], shown["answers"]) == ("approved", ["blue", ""])


@pytest.mark.parametrize("answers", [None, [], ["green"], ["red", "", "more"], "red", [1]])
def test_answers_that_do_not_fit_change_nothing(owner: Api, asking: str, answers: object) -> None:
    response = owner.post(f"{asking}/approve", {} if answers is None else {"answers": answers})
    assert response.status_code == 422
    assert response.json()["problems"][0]["path"].startswith("answers")
    assert Gate.objects.get().status == "pending"


def test_a_question_that_needs_an_answer_is_named_by_its_place(owner: Api, asking: str) -> None:
    problem = owner.post(f"{asking}/approve").json()["problems"][0]
    assert (problem["path"], problem["message"]) == ("answers.0", "It must be answered.")


def test_a_rejection_takes_no_answers(owner: Api, asking: str) -> None:
    assert owner.post(f"{asking}/reject", {"answers": ["red"]}).status_code == 422


def test_only_those_who_may_change_answer(viewer: Api, outsider: Api, asking: str) -> None:
    assert viewer.post(f"{asking}/approve", {"answers": ["red"]}).status_code == 403
    assert outsider.post(f"{asking}/approve", {"answers": ["red"]}).status_code == 404
