"""`hive job`: steer a job under way, through the API."""

from __future__ import annotations

from typing import Any

import pytest

from apps.runs.models import Job, Run
from apps.runs.plan.workflows import CODE, TEST
from apps.runs.steering import Steering
from tests.conftest import People
from tests.stories import runs
from tests.stories.worker import Worker
from tests.unit.hive.cli.conftest import Verbs


@pytest.fixture
def worker(people: People) -> Worker:
    return runs.planned_for_a_model(people.project, people.owner)


@pytest.fixture
def coding(worker: Worker) -> Job:
    return worker.take(CODE).row


def test_a_message_waits_for_the_jobs_model(coding: Job, verbs: Verbs, people: People) -> None:
    code, out, _ = verbs("job", "say", str(coding.pk), "Use blue.", by=people.teammate)
    said = Steering.objects.get()
    assert (code, said.kind, said.text, said.said_by) == (0, "message", "Use blue.", people.teammate)
    assert out == f"Job {coding.pk} reads it before its next call of a model.\n"


def test_a_job_is_paused_once_and_let_go_on(coding: Job, verbs: Verbs) -> None:
    number = str(coding.pk)
    assert f"`hive job resume {number}` lets it go on" in verbs("job", "pause", number)[1]
    assert verbs("job", "pause", number) == (2, "", "hive: The job is paused already.\n")
    assert Steering.objects.get(kind="pause").done_at is None
    assert verbs("job", "resume", number)[:2] == (0, f"The work of job {number} goes on.\n")
    assert Steering.objects.get(kind="pause").done_at is not None


def test_the_work_is_handed_to_the_other_role_with_why(worker: Worker, verbs: Verbs) -> None:
    worker.do(CODE)
    testing = worker.take(TEST).row
    code, out, _ = verbs("job", "hand-off", str(testing.pk), "coding", "-m", "The title is wrong.")
    handed = Steering.objects.get(kind="hand_off")
    assert (code, handed.to_role, handed.text) == (0, "coding", "The title is wrong.")
    assert out == f"Job {testing.pk} ends, and coding goes on with its work.\n"


def test_the_manager_is_asked_for_another_plan(coding: Job, verbs: Verbs, settings: Any) -> None:
    settings.MODELS = {"": ["openai/one"]}
    code, out, _ = verbs("job", "hand-off", str(coding.pk), "manager", "-m", "Smaller.")
    fresh = Run.objects.get(parent=coding.run_id)
    assert (code, out) == (0, f"The run of job {coding.pk} ends, and the manager plans it again: run {fresh.pk}.\n")
    assert fresh.cause == "replan"


def test_what_cannot_be_obeyed_is_told(worker: Worker, verbs: Verbs) -> None:
    worker.do(CODE)
    number = str(worker.take(TEST).row.pk)
    assert "asks no model" in verbs("job", "say", number, "Hello")[2]
    code, _, err = verbs("job", "hand-off", number, "monitoring")
    assert (code, "It can be handed to coding or manager." in err) == (2, True)


def test_a_viewer_steers_nothing_and_for_an_outsider_there_is_no_such_job(
    coding: Job, verbs: Verbs, people: People
) -> None:
    for who in (people.viewer, people.outsider):
        assert verbs("job", "pause", str(coding.pk), by=who)[0] == 2
    assert not Steering.objects.exists()
