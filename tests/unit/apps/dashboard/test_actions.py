"""What a person does on a run's page, once, twice, and at the same time as somebody else."""

from __future__ import annotations

import json
from typing import Any
from unittest import mock

from django.test import Client

from apps.dashboard.pages.steering import PLANS_AGAIN
from apps.events.lifecycle import MoveLost
from apps.runs.models import Gate, Run
from apps.runs.plan.workflows import CODE, PLAN
from tests.conftest import People
from tests.stories import runs
from tests.unit.apps.dashboard.conftest import Visit

HTMX = {"HX-Request": "true"}


def said(client: Client, address: str, **data: str) -> tuple[int, str]:
    """The status, and the sentence that the page shows."""
    answer = client.post(address, data, headers=HTMX)
    return answer.status_code, json.loads(answer["HX-Trigger"])["hive:said"]["text"]


def test_cancel_asks_the_run_to_stop_once(people: People, visit: Visit) -> None:
    run, client = runs.running(people.project, people.owner), visit(people.teammate)
    assert said(client, f"/runs/{run.pk}/cancel/") == (204, "The run is being canceled.")
    assert said(client, f"/runs/{run.pk}/cancel/") == (409, "The run was ending already.")
    run.refresh_from_db()
    assert (run.stop_reason, run.stop_message) == ("canceled_by_user", "Canceled by teammate.")


def test_without_scripts_a_form_leads_back_with_a_sentence(people: People, visit: Visit) -> None:
    run = runs.running(people.project, people.owner)
    answer = visit(people.owner).post(f"/runs/{run.pk}/cancel/", follow=True)
    assert answer.redirect_chain == [(f"/runs/{run.pk}/", 302)]
    assert "The run is being canceled." in answer.content.decode()


def test_retry_makes_a_run_that_names_the_old_one(people: People, visit: Visit) -> None:
    run = runs.failing(people.project, people.owner)
    answer = visit(people.teammate).post(f"/runs/{run.pk}/retry/", headers=HTMX)
    again = Run.objects.latest("pk")
    assert answer["HX-Redirect"] == f"/runs/{again.pk}/"
    assert (again.parent, again.cause, again.created_by) == (run, "retry", people.teammate)


def test_a_run_that_goes_on_is_not_started_again(people: People, visit: Visit) -> None:
    run = runs.running(people.project, people.owner)
    status, text = said(visit(people.owner), f"/runs/{run.pk}/retry/")
    assert (status, Run.objects.count()) == (409, 1)
    assert "has not ended" in text


def test_approving_keeps_who_and_why(people: People, visit: Visit) -> None:
    gate = Gate.objects.get(run=runs.waiting(people.project, people.owner))
    assert said(visit(people.teammate), f"/gates/{gate.pk}/approve/", message=" Ship it. ")[0] == 204
    gate.refresh_from_db()
    assert (gate.status, gate.decided_by, gate.message) == ("approved", people.teammate, "Ship it.")


def test_rejecting_keeps_who_and_why(people: People, visit: Visit) -> None:
    gate = Gate.objects.get(run=runs.waiting(people.project, people.owner))
    said(visit(people.owner), f"/gates/{gate.pk}/reject/", message="Not yet.")
    gate.refresh_from_db()
    assert (gate.status, gate.reason, gate.message) == ("rejected", "rejected", "Not yet.")


def test_the_second_to_decide_is_told_who_was_first(people: People, visit: Visit) -> None:
    gate = Gate.objects.get(run=runs.waiting(people.project, people.owner))
    said(visit(people.owner), f"/gates/{gate.pk}/approve/")
    assert said(visit(people.teammate), f"/gates/{gate.pk}/reject/") == (409, "It was approved before by owner.")


def test_so_is_who_loses_in_the_same_moment(people: People, visit: Visit) -> None:
    gate = Gate.objects.get(run=runs.waiting(people.project, people.owner))
    with mock.patch("apps.dashboard.pages.run_actions.reject_gate", side_effect=MoveLost):
        assert said(visit(people.owner), f"/gates/{gate.pk}/reject/")[0] == 409


def test_a_form_leads_nowhere_but_to_a_page_of_hive(people: People, visit: Visit) -> None:
    run = runs.running(people.project, people.owner)
    answer = visit(people.owner).post(f"/runs/{run.pk}/cancel/", {"next": "https://elsewhere.example/"})
    assert answer["Location"] == f"/runs/{run.pk}/"


COLOUR = [
    {"text": "Which <colour>?", "choices": ["red", "blue"], "required": True},
    {"text": "Anything else?", "choices": [], "required": False},
]


def asking(people: People) -> Gate:
    gate = Gate.objects.get(run=runs.waiting(people.project, people.owner))
    Gate.objects.filter(pk=gate.pk).update(questions=COLOUR, job=gate.run.jobs.latest("pk"), name="questions")
    return gate


def test_questions_are_a_form_with_a_label_for_each(people: People, visit: Visit) -> None:
    gate = asking(people)
    page = visit(people.teammate).get(f"/runs/{gate.run_id}/").content.decode()
    assert page.count('name="answer-0"') == 2
    assert '<legend class="label">1. Which &lt;colour&gt;?' in page
    assert f'<label for="answer-{gate.pk}-1">2. Anything else?' in page


def test_questions_are_answered_by_their_number(people: People, visit: Visit) -> None:
    gate, client = asking(people), visit(people.teammate)
    status, text = said(client, f"/gates/{gate.pk}/approve/", **{"answer-1": "No."})
    assert (status, text) == (409, "Question 1 (Which <colour>?): It must be answered.")
    assert said(client, f"/gates/{gate.pk}/approve/", **{"answer-0": "red", "answer-1": "No."})[0] == 204
    gate.refresh_from_db()
    assert (gate.status, gate.answers) == ("approved", ["red", "No."])
    assert '<dd class="break">red</dd>' in client.get(f"/runs/{gate.run_id}/").content.decode()


def test_who_may_only_look_sees_the_questions_and_no_form(people: People, visit: Visit) -> None:
    gate = asking(people)
    page = visit(people.viewer).get(f"/runs/{gate.run_id}/").content.decode()
    assert "Which &lt;colour&gt;?" in page
    assert "answer-0" not in page


def test_a_job_is_handed_to_the_role_whose_button_is_pressed(people: People, visit: Visit, settings: Any) -> None:
    settings.MODELS = {"": ["openai/one"]}
    worker = runs.begin(people.project, people.owner, runs.BLOG)
    worker.do(PLAN)
    worker.run.tasks.update(spec={**worker.run.tasks.get().spec, "engine": "model"})
    job, client = worker.take(CODE).row, visit(people.teammate)
    page = client.get(f"/jobs/{job.pk}/").content.decode()
    assert 'name="role" value="testing"' in page
    assert 'name="role" value="manager"' in page
    address = f"/jobs/{job.pk}/hand-on/"
    assert said(client, address, role="deployment", text="")[0] == 409
    assert said(client, address, role="manager", text="Smaller.") == (204, PLANS_AGAIN)
    assert Run.objects.get(parent=worker.run).created_by == people.teammate
    assert 'name="role"' not in client.get(f"/jobs/{job.pk}/").content.decode()
