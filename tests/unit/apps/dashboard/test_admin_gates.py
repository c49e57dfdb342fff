"""An operator decides a gate in Django admin, and answers what it asks: with the service that the other faces call."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from apps.accounts.models import User
from apps.runs.models import Gate
from apps.runs.services.approve import approve_gate
from tests.conftest import People
from tests.stories import runs
from tests.unit.apps.dashboard.conftest import Visit

QUESTIONS = [
    {"text": "Which <colour>?", "choices": ["red", "blue"], "required": True},
    {"text": "Anything else?", "choices": [], "required": False},
]


@pytest.fixture
def gate(people: People) -> Gate:
    gate = Gate.objects.get(run=runs.waiting(people.project, people.owner))
    Gate.objects.filter(pk=gate.pk).update(questions=QUESTIONS, job=gate.run.jobs.latest("pk"), name="questions")
    return Gate.objects.get(pk=gate.pk)


@pytest.fixture
def operator(people: People, visit: Visit) -> Client:
    return visit(staff(people.owner, "change_gate"))


def staff(user: User, *permissions: str) -> User:
    User.objects.filter(pk=user.pk).update(is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_gate", *permissions]))
    return User.objects.get(pk=user.pk)


def address(gate: Gate) -> str:
    return reverse("admin:runs_gate_decide", args=[gate.pk])


def test_the_gates_page_leads_to_its_questions(gate: Gate, operator: Client) -> None:
    page = operator.get(reverse("admin:runs_gate_change", args=[gate.pk])).content.decode()
    assert f'href="{address(gate)}"' in page
    form = operator.get(address(gate)).content.decode()
    assert "Which &lt;colour&gt;?" in form
    assert form.count('type="radio"') == 2
    assert '<textarea name="answer-1"' in form


def test_the_answers_are_kept_with_who_gave_them_and_the_run_goes_on(
    gate: Gate, operator: Client, people: People
) -> None:
    said = {"answer-0": "red", "answer-1": " No. ", "message": "Asked in admin"}
    page = operator.post(address(gate), said, follow=True).content.decode()
    gate.refresh_from_db()
    assert (gate.status, gate.answers, gate.decided_by) == ("approved", ["red", "No."], people.owner)
    assert gate.message == "Asked in admin"
    assert "is approved" in page
    assert address(gate) not in page


def test_an_answer_that_does_not_fit_is_refused_beside_its_question_and_what_was_written_stays(
    gate: Gate, operator: Client
) -> None:
    page = operator.post(address(gate), {"answer-0": "green", "answer-1": "Much."}).content.decode()
    assert "The answer is one of: red, blue." in page
    assert "Much." in page
    gate.refresh_from_db()
    assert gate.status == "pending"


def test_it_can_be_rejected_without_answers(gate: Gate, operator: Client) -> None:
    operator.post(address(gate), {"reject": "Reject", "message": "Not now"})
    gate.refresh_from_db()
    assert (gate.status, gate.reason, gate.message) == ("rejected", "rejected", "Not now")


def test_a_gate_that_was_decided_meanwhile_stays_as_it_is_and_that_is_said(
    gate: Gate, operator: Client, people: People
) -> None:
    approve_gate(Gate.objects.get(pk=gate.pk), people.teammate, answers=["blue"])
    page = operator.post(address(gate), {"answer-0": "red"}, follow=True).content.decode()
    gate.refresh_from_db()
    assert (gate.answers[0], gate.decided_by) == ("blue", people.teammate)
    assert "cannot become approved" in page


def test_who_may_only_look_in_admin_and_who_is_no_operator_decide_nothing(
    gate: Gate, people: People, visit: Visit
) -> None:
    assert visit(staff(people.viewer)).post(address(gate), {"answer-0": "red"}).status_code == 403
    assert visit(people.teammate).post(address(gate), {"answer-0": "red"}).status_code in (302, 403, 404)
    gate.refresh_from_db()
    assert gate.status == "pending"
