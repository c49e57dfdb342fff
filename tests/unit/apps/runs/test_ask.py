"""A job asks: its attempt ends, a gate waits, and the next attempt of the same work is given the answers."""

from __future__ import annotations

from datetime import timedelta

import pytest

from apps.events import clock
from apps.events.models import Event
from apps.runs.models import Gate, Job, Run
from apps.runs.outcome import failed
from apps.runs.plan.workflows import CODE, PLAN
from apps.runs.questions import Question
from apps.runs.services.active import ActiveJob
from apps.runs.services.approve import approve_gate, reject_gate
from apps.runs.services.ask import Asked, ask_questions
from apps.runs.services.finish import finish
from apps.runs.services.output import LeaseLost
from apps.runs.services.perform import attempt
from apps.runs.services.sweep import sweep
from apps.runs.spending.time import worked_for
from apps.runs.states import Reason
from tests.conftest import People
from tests.stories import runs
from tests.stories.worker import Worker

COLOUR = [Question("Which colour?", ("red", "blue")), Question("Anything else?", required=False)]


@pytest.fixture
def worker(people: People) -> Worker:
    """A run of four tasks whose first one has been written and tested: two can be written side by side."""
    worker = runs.begin(people.project, people.owner, runs.DIAMOND)
    worker.do(PLAN)
    worker.do(CODE, "home")
    worker.do("testing.test", "home")
    return worker


def ask(worker: Worker, task: str = "spring") -> ActiveJob:
    """What perform() does with work that asks."""
    active = worker.take(CODE, task)
    finish(
        active,
        attempt(active, lambda job: ask_questions(job, COLOUR) and pytest.fail("had an answer")),
        worker.run.epoch,
    )
    worker.look()
    return active


def test_the_attempt_ends_and_a_gate_holds_what_it_asked(worker: Worker) -> None:
    job = ask(worker).row
    gate = Gate.objects.get()
    assert (job.status, job.reason) == ("canceled", "asked")
    assert (gate.job_id, gate.name, gate.status, len(gate.questions)) == (job.pk, "questions", "pending", 2)
    told = Event.objects.filter(type="gate").latest("number").data
    assert told["questions"] == ["Which colour?", "Anything else?"]


def test_nothing_waits_but_the_work_that_asked(worker: Worker) -> None:
    ask(worker, "spring")
    assert worker.do(CODE, "autumn").status == "completed"
    assert not worker.run.jobs.filter(task__key="spring", step=CODE, status="queued").exists()


def test_the_next_attempt_is_given_the_answers(worker: Worker, people: People) -> None:
    ask(worker)
    approve_gate(Gate.objects.get(), people.owner, "Be bold.", ["red"])
    again = worker.take(CODE, "spring")
    answered = ask_questions(again, COLOUR)
    assert (again.row.attempt, answered.answers, answered.message) == (2, ("red", ""), "Be bold.")


def test_other_questions_are_asked_anew(worker: Worker, people: People) -> None:
    ask(worker)
    approve_gate(Gate.objects.get(), people.owner, answers=["red"])
    with pytest.raises(Asked):
        ask_questions(worker.take(CODE, "spring"), [Question("Which shade?")])


def test_answers_of_one_task_are_not_those_of_another(worker: Worker, people: People) -> None:
    ask(worker, "spring")
    approve_gate(Gate.objects.get(), people.owner, answers=["red"])
    with pytest.raises(Asked):
        ask_questions(worker.take(CODE, "autumn"), COLOUR)


def test_two_tasks_can_ask_at_the_same_time(worker: Worker) -> None:
    ask(worker, "spring")
    ask(worker, "autumn")
    assert Gate.objects.filter(status="pending").count() == 2


def test_asking_uses_up_no_attempt(worker: Worker, people: People) -> None:
    for _ in range(4):
        ask(worker)
        gate = Gate.objects.latest("pk")
        approve_gate(gate, people.owner, answers=["red"])
        Gate.objects.filter(pk=gate.pk).update(questions=[])  # so that it asks once more
    worker.do(CODE, "spring", failed(Reason.LOST, "Its worker process died."))
    assert worker.take(CODE, "spring").row.attempt == 6


def test_a_rejected_gate_ends_the_run_with_what_was_said(worker: Worker, people: People) -> None:
    ask(worker)
    reject_gate(Gate.objects.get(), people.owner, "Not like this.")
    worker.look()
    assert (worker.run.status, worker.run.reason, worker.run.message) == ("failed", "rejected", "Not like this.")


def test_a_worker_that_lost_its_lease_opens_no_gate(worker: Worker) -> None:
    active = worker.take(CODE, "spring")
    Job.objects.filter(pk=active.row.pk).update(lease_token="somebody else's")
    with pytest.raises(LeaseLost):
        finish(active, attempt(active, lambda job: ask_questions(job, COLOUR)), worker.run.epoch)  # type: ignore[arg-type,return-value]
    assert not Gate.objects.exists()


def test_secrets_in_questions_are_masked_and_found_again(worker: Worker, people: People) -> None:
    active = worker.take(CODE, "spring")
    active.secrets = ["hunter2-hunter2"]
    with pytest.raises(Asked) as asked:
        ask_questions(active, [Question("Is hunter2-hunter2 right?")])
    assert "hunter2" not in str(asked.value.outcome.data)


def _an_hour_later(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    Run.objects.filter(pk=run.pk).update(published_at=clock.now() - timedelta(hours=1))
    monkeypatch.setattr("apps.runs.services.dispatch.queue_is_empty", lambda _role: True)


def test_a_run_that_only_waits_for_an_answer_is_not_forgotten(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    ask(worker, "spring")
    ask(worker, "autumn")
    _an_hour_later(worker.run, monkeypatch)
    assert sweep() == []
    assert Run.objects.get().stop_reason == ""


@pytest.mark.parametrize("reason", [Reason.LOST, Reason.INFRASTRUCTURE])
def test_what_was_lost_meanwhile_is_found_while_the_gate_waits(
    worker: Worker, monkeypatch: pytest.MonkeyPatch, reason: Reason
) -> None:
    ask(worker, "spring")
    active = worker.take(CODE, "autumn")
    finish(active, failed(reason, "Gone."), worker.run.epoch)
    Job.objects.update(finished_at=clock.now() - timedelta(minutes=5))
    _an_hour_later(worker.run, monkeypatch)
    assert sweep() == [worker.run.pk]


def test_two_gates_that_wait_at_once_count_once_in_the_budget_of_time(worker: Worker) -> None:
    now = clock.now()
    ask(worker, "spring")
    ask(worker, "autumn")
    Run.objects.update(started_at=now - timedelta(hours=3))
    Gate.objects.update(opened_at=now - timedelta(hours=2))
    assert worked_for(Run.objects.get(), now) == timedelta(hours=1)
