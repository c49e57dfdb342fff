"""A job under way is handed to another role: to testing, back to coding, or to the manager, who plans again."""

from __future__ import annotations

from typing import Any

import pytest

from apps.runs.models import Job, Run
from apps.runs.outcome import failed
from apps.runs.plan.handing import refusal
from apps.runs.plan.workflows import ACCEPT, CODE, DEPLOY, PLAN, TEST, WRITE_TESTS
from apps.runs.services.heartbeat import Heart
from apps.runs.services.plan_again import story_again
from apps.runs.services.put_aside import PutAside
from apps.runs.services.start import LONGEST_STORY
from apps.runs.services.steer import (
    SteeringRefused,
    hand_off,
    pause_job,
    roles_to_hand_to,
)
from apps.runs.states import Reason
from apps.runs.steering import Steering
from tests.conftest import People
from tests.stories import runs
from tests.stories.worker import Worker

MODELS = {"": ["openai/one"]}
PAUSED = PutAside(Reason.PAUSED, "Paused.").outcome


@pytest.fixture
def worker(people: People) -> Worker:
    return runs.planned_for_a_model(people.project, people.owner)


def coding(worker: Worker) -> Job:
    return Job.objects.get(pk=worker.take(CODE).row.pk)


def test_a_hand_off_to_coding_ends_the_tests_and_begins_a_repair_round(worker: Worker, people: People) -> None:
    worker.do(CODE)
    active = worker.take(TEST)
    hand_off(active.row, people.owner, "coding", "The title is wrong.")
    Heart(active)._look()
    assert active.stopping
    assert (active.stopping.reason, active.stopping.message) == ("handed_off", "The title is wrong.")
    worker.end(active, failed(Reason.HANDED_OFF, active.stopping.message))
    again = worker.take(CODE)
    assert (again.row.round, again.task.message) == (2, "The title is wrong.")


def test_a_hand_off_to_testing_is_not_a_stop(worker: Worker, people: People) -> None:
    active = worker.take(CODE)
    hand_off(active.row, people.owner, "testing")
    Heart(active)._look()
    assert active.stopping is None
    worker.end(active)
    assert Steering.objects.get().done_at
    worker.take(TEST)


@pytest.mark.parametrize("role", ["monitoring", "deployment", "coding", ""])
def test_a_role_that_has_nothing_to_do_with_it_gets_nothing(worker: Worker, people: People, role: str) -> None:
    with pytest.raises(SteeringRefused, match="It can be handed to testing or manager"):
        hand_off(coding(worker), people.owner, role)


@pytest.mark.parametrize(
    ("step", "role", "why"),
    [
        (CODE, "deployment", "hand the work to testing"),
        (TEST, "monitoring", "watches what is live"),
        (WRITE_TESTS, "coding", "tests that were seen to fail"),
        (PLAN, "coding", "no plan yet"),
        (DEPLOY, "coding", "roll the release back"),
        (ACCEPT, "manager", "repair policy"),
    ],
)
def test_a_pair_that_means_nothing_is_refused_with_what_to_do_instead(step: str, role: str, why: str) -> None:
    assert why in refusal(step, role)


@pytest.mark.parametrize("step", [CODE, TEST])
def test_handed_to_the_manager_the_run_ends_and_a_new_one_is_planned_from_how_far_it_came(
    worker: Worker, people: People, settings: Any, step: str
) -> None:
    settings.MODELS = MODELS
    if step == TEST:
        worker.do(CODE)
    active = worker.take(step)
    hand_off(active.row, people.teammate, "manager", "Make two tasks of it.")
    Heart(active)._look()
    assert active.stopping
    worker.end(active, failed(Reason(active.stopping.reason), active.stopping.message))
    worker.look()
    fresh = Run.objects.get(parent=worker.run)
    assert (worker.run.status, worker.run.reason) == ("canceled", "handed_off")
    assert worker.run.message == f"Handed to the manager by teammate: run {fresh.pk} plans it again."
    assert (fresh.cause, fresh.workflow, fresh.engine, fresh.created_by) == (
        "replan",
        "story",
        "model",
        people.teammate,
    )
    assert fresh.jobs.get().step == "manager.specify"
    assert "Build what this spec describes" in fresh.story
    assert fresh.story.endswith("teammate says what is to be different: Make two tasks of it.")


def test_handed_to_the_manager_twice_is_planned_again_once(worker: Worker, people: People, settings: Any) -> None:
    settings.MODELS = MODELS
    job = coding(worker)
    hand_off(job, people.owner, "manager")
    with pytest.raises(SteeringRefused, match="about to"):
        hand_off(job, people.owner, "manager")
    assert Run.objects.filter(parent=worker.run).count() == 1


def test_what_cannot_be_planned_again_stops_nothing(worker: Worker, people: People, settings: Any) -> None:
    job = coding(worker)
    with pytest.raises(SteeringRefused, match="set HIVE_MODEL"):
        hand_off(job, people.owner, "manager")
    settings.MODELS = MODELS
    Run.objects.filter(pk=worker.run.pk).update(cause="delegated")
    with pytest.raises(SteeringRefused, match="hand a job of that one"):
        hand_off(job, people.owner, "manager")
    assert not worker.run.stop_reason


def test_a_paused_job_can_be_handed_to_the_manager(worker: Worker, people: People, settings: Any) -> None:
    settings.MODELS = MODELS
    active = worker.take(CODE)
    pause_job(active.row, people.owner)
    worker.end(active, PAUSED)
    job = Job.objects.get(pk=active.row.pk)
    assert roles_to_hand_to(job) == ["manager"]
    hand_off(job, people.owner, "manager")
    worker.look()
    assert worker.run.status == "canceled"


def test_a_story_that_grew_too_long_keeps_what_the_person_says(worker: Worker, people: People) -> None:
    job = coding(worker)
    Run.objects.filter(pk=worker.run.pk).update(story="x" * LONGEST_STORY)
    story = story_again(worker.run, job, "owner", "Smaller.")
    assert len(story) <= LONGEST_STORY
    assert story.endswith("Smaller.")
