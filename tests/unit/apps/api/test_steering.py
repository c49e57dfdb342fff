"""Steering over the API: a job of a model that runs."""

from __future__ import annotations

from typing import Any

import pytest

from apps.runs.models import Job, Run, Steering
from apps.runs.plan.workflows import CODE, ON_AGENT, PLAN
from tests.conftest import People
from tests.stories import runs
from tests.unit.apps.api.conftest import Api


@pytest.fixture
def job(people: People) -> Job:
    worker = runs.begin(people.project, people.owner, runs.BLOG)
    worker.do(PLAN)
    worker.run.tasks.update(spec={**worker.run.tasks.get().spec, "engine": "model"})
    return worker.take(CODE).row


def test_a_job_is_spoken_to_paused_and_let_go_on(owner: Api, job: Job) -> None:
    path = f"/jobs/{job.pk}"
    assert owner.post(f"{path}/message", {"text": "Make it blue."}).status_code == 202
    assert owner.post(f"{path}/pause").json()["allowed"] == ["resume", "say", "hand_off"]
    assert owner.post(f"{path}/pause").status_code == 409
    assert owner.post(f"{path}/resume").json()["allowed"] == ["say", "pause", "hand_off"]
    shown = owner.get(f"{path}/steering").json()["results"]
    assert [(one["kind"], one["text"], one["said_by"], one["done_at"] is None) for one in shown] == [
        ("message", "Make it blue.", "owner", True),
        ("pause", "", "owner", False),
    ]


def test_a_hand_off_names_a_role_that_can_go_on(owner: Api, job: Job) -> None:
    path = f"/jobs/{job.pk}/hand-off"
    refused = owner.post(path, {"role": "deployment"})
    assert refused.json()["detail"].endswith("hand the work to testing. It can be handed to testing or manager.")
    assert owner.post(path, {"role": "nobody"}).status_code == 422
    assert owner.post(path, {"role": "testing", "text": "Good enough."}).status_code == 202
    assert Steering.objects.get().to_role == "testing"


def test_the_manager_plans_again_in_a_run_of_its_own(owner: Api, job: Job, settings: Any) -> None:
    settings.MODELS = {"": ["openai/one"]}
    assert owner.post(f"/jobs/{job.pk}/pause").json()["hand_off_to"] == ["testing", "manager"]
    answer = owner.post(f"/jobs/{job.pk}/hand-off", {"role": "manager", "text": "Smaller."})
    assert (answer.status_code, answer.json()["allowed"], answer.json()["hand_off_to"]) == (202, [], [])
    assert Run.objects.get(parent=job.run_id).story.endswith("Smaller.")


def test_what_is_no_message_is_refused(owner: Api, job: Job) -> None:
    for body in ({}, {"text": 3}, {"text": "x" * 4_001}, {"words": "x"}):
        assert owner.post(f"/jobs/{job.pk}/message", body).status_code == 422
    assert owner.post(f"/jobs/{job.pk}/message", {"text": " "}).status_code == 409
    assert not Steering.objects.exists()


def test_a_run_that_has_ended_is_not_steered(owner: Api, job: Job) -> None:
    Run.objects.filter(pk=job.run_id).update(status="canceled")
    assert owner.post(f"/jobs/{job.pk}/message", {"text": "Hello"}).status_code == 409


@pytest.mark.parametrize("verb", ["message", "pause", "resume", "hand-off"])
def test_who_may_steer(people: People, viewer: Api, outsider: Api, job: Job, verb: str) -> None:
    body = {"message": {"text": "Hello"}, "hand-off": {"role": "testing"}}.get(verb)
    assert outsider.post(f"/jobs/{job.pk}/{verb}", body).status_code == 404
    assert viewer.post(f"/jobs/{job.pk}/{verb}", body).status_code == 403
    assert Api(people.teammate).post(f"/jobs/{job.pk}/{verb}", body).status_code == (409 if verb == "resume" else 202)


@pytest.mark.parametrize("verb", ["message", "pause", "hand-off"])
def test_a_test_on_an_agent_is_not_steered_and_says_so(owner: Api, job: Job, verb: str) -> None:
    there = Job.objects.create(
        run=job.run, task=job.task, role="testing", step=ON_AGENT, runs_on=["gpu"], status="running"
    )
    body = {"message": {"text": "Hello"}, "hand-off": {"role": "coding"}}.get(verb)
    answer = owner.post(f"/jobs/{there.pk}/{verb}", body)
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert "cannot be" in answer.json()["detail"]
    assert not Steering.objects.exists()
