"""Steering: what a person says to a job under way, and what becomes of the run."""

from __future__ import annotations

from datetime import timedelta

import pytest

from apps.events import clock
from apps.events.models import Event
from apps.projects.secrets import put_secret
from apps.runs.models import Job, Run
from apps.runs.outcome import done, failed
from apps.runs.plan.workflows import CODE, TEST, WRITE_TESTS
from apps.runs.services import steer
from apps.runs.services.put_aside import PutAside
from apps.runs.services.reap import end_lost
from apps.runs.services.steer import (
    SteeringRefused,
    can_be_steered,
    pause_job,
    resume_job,
    say,
)
from apps.runs.services.stop import cancel_run
from apps.runs.services.sweep import sweep
from apps.runs.spending.time import worked_for
from apps.runs.states import Reason
from apps.runs.steering import Steering
from tests.conftest import People
from tests.stories import runs
from tests.stories.worker import Worker

PAUSED = PutAside(Reason.PAUSED, "Paused.").outcome


@pytest.fixture
def worker(people: People) -> Worker:
    return runs.planned_for_a_model(people.project, people.owner)


def coding(worker: Worker) -> Job:
    return Job.objects.get(pk=worker.take(CODE).row.pk)


def test_a_paused_job_gives_its_worker_back_and_is_not_queued_until_somebody_resumes(
    worker: Worker, people: People
) -> None:
    active = worker.take(CODE)
    pause_job(active.row, people.owner)
    worker.end(active, PAUSED)
    assert not worker.run.jobs.filter(step=CODE, status="queued").exists()
    assert worker.run.status == "running"
    resume_job(active.row, people.teammate)
    assert worker.take(CODE).row.attempt == 2


def test_a_pause_that_is_taken_back_before_the_job_saw_it_costs_nothing(worker: Worker, people: People) -> None:
    active = worker.take(CODE)
    pause_job(active.row, people.owner)
    resume_job(active.row, people.owner)
    worker.end(active)
    assert worker.take(TEST).row.attempt == 1


def test_resuming_while_the_job_puts_itself_aside_loses_nothing(worker: Worker, people: People) -> None:
    active = worker.take(CODE)
    pause_job(active.row, people.owner)
    resume_job(active.row, people.owner)
    worker.end(active, PAUSED)
    assert worker.take(CODE).row.attempt == 2


def test_a_paused_job_whose_worker_dies_is_not_tried_again_before_it_is_resumed(worker: Worker, people: People) -> None:
    active = worker.take(CODE)
    pause_job(active.row, people.owner)
    end_lost(active.row, "Its worker died.")
    worker.look()
    assert not worker.run.jobs.filter(step=CODE, status="queued").exists()
    resume_job(active.row, people.owner)
    assert worker.take(CODE).row.attempt == 2


def test_pausing_uses_up_no_attempt(worker: Worker, people: People) -> None:
    for _ in range(4):
        active = worker.take(CODE)
        pause_job(active.row, people.owner)
        worker.end(active, PAUSED)
        resume_job(active.row, people.owner)
    worker.do(CODE, "", failed(Reason.LOST, "Its worker died."))
    assert worker.take(CODE).row.attempt == 6


def test_a_paused_run_can_be_canceled(worker: Worker, people: People) -> None:
    active = worker.take(CODE)
    pause_job(active.row, people.owner)
    worker.end(active, PAUSED)
    cancel_run(worker.run, people.owner)
    worker.look()
    assert (worker.run.status, worker.run.reason) == ("canceled", "canceled_by_user")
    with pytest.raises(SteeringRefused):
        resume_job(active.row, people.owner)


def test_the_testers_model_is_paused_and_spoken_to_as_the_coders(worker: Worker, people: People) -> None:
    worker.run.tasks.update(has_requirements=True)
    worker.look()
    active = worker.take(WRITE_TESTS)
    say(active.row, people.owner, "Ask the address too.")
    pause_job(active.row, people.owner)
    worker.end(active, PAUSED)
    assert can_be_steered(Job.objects.get(pk=active.row.pk)) == ["resume", "say"]
    resume_job(active.row, people.owner)
    assert worker.take(WRITE_TESTS).row.attempt == 2


def test_a_pause_costs_the_run_no_time(worker: Worker, people: People) -> None:
    active = worker.take(CODE)
    row = pause_job(active.row, people.owner)
    worker.end(active, PAUSED)
    now, hour = clock.now(), timedelta(hours=1)
    Steering.objects.filter(pk=row.pk).update(said_at=now - hour)
    Run.objects.filter(pk=worker.run.pk).update(started_at=now - hour, deadline_at=now - timedelta(seconds=1))
    worker.run.refresh_from_db()
    assert worked_for(worker.run, now) < timedelta(minutes=1)
    assert worker.run.pk not in sweep()
    resume_job(active.row, people.owner)
    worker.run.refresh_from_db()
    assert worker.run.stop_reason == ""
    assert worker.run.deadline_at
    assert worker.run.deadline_at > now + timedelta(minutes=59)


def test_everything_is_told_with_who_said_it(worker: Worker, people: People) -> None:
    put_secret(people.project, "TOKEN", "hunter2hunter2")
    job = coding(worker)
    say(job, people.teammate, "Use hunter2hunter2.")
    pause_job(job, people.owner)
    resume_job(job, people.owner)
    told = [event.data["text"] for event in Event.objects.filter(type="activity", job_id=job.pk).order_by("number")]
    assert told[-3:] == ["teammate wrote: Use [masked].", "owner pauses the job", "owner lets the job go on"]


def test_what_cannot_be_obeyed_is_refused(worker: Worker, people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steer, "MOST_WAITING", 1)
    job = coding(worker)
    pause_job(job, people.owner)
    with pytest.raises(SteeringRefused, match="paused already"):
        pause_job(job, people.owner)
    say(job, people.owner, "one")
    for text in ("two", " ", "x" * 4_001):
        with pytest.raises(SteeringRefused):
            say(job, people.owner, text)


def test_a_job_without_steps_cannot_be_spoken_to(worker: Worker, people: People) -> None:
    worker.do(CODE)
    job = Job.objects.get(pk=worker.take(TEST).row.pk)
    for call in (lambda: say(job, people.owner, "Hello"), lambda: pause_job(job, people.owner)):
        with pytest.raises(SteeringRefused, match="asks no model"):
            call()
    assert can_be_steered(job) == ["hand_off"]


def test_faces_are_told_what_would_not_be_refused(worker: Worker, people: People) -> None:
    active = worker.take(CODE)
    assert can_be_steered(active.row) == ["say", "pause", "hand_off"]
    pause_job(active.row, people.owner)
    worker.end(active, PAUSED)
    assert can_be_steered(Job.objects.get(pk=active.row.pk)) == ["resume", "say"]
    resume_job(active.row, people.owner)
    worker.do(CODE, outcome=done("", commit="0" * 40, outputs=[]))
    assert can_be_steered(Job.objects.filter(step=CODE).latest("pk")) == []
