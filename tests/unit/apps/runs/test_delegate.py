"""A job delegates: a child run, found again by its call, that ends with its parent and spends from its purse."""

from __future__ import annotations

import pytest

from apps.runs.models import Delegation, Job, Run
from apps.runs.outcome import done, failed
from apps.runs.plan.workflows import CODE, PLAN
from apps.runs.services import delegate as service
from apps.runs.services.active import ActiveJob
from apps.runs.services.delegate import DelegationRefused, Part, Result, delegate
from apps.runs.services.output import LeaseLost
from apps.runs.services.perform import attempt
from apps.runs.services.reap import end_lost
from apps.runs.services.start import why_not_again
from apps.runs.services.stop import cancel_run
from apps.runs.spending.limits import purse_of
from apps.runs.states import Reason
from tests.conftest import People
from tests.stories import runs
from tests.stories.worker import COMMIT, Worker

PART = Part("Parser", "Write a parser.", "1" * 40)


@pytest.fixture
def worker(people: People) -> Worker:
    worker = runs.begin(people.project, people.owner, runs.BLOG)
    worker.do(PLAN)
    return worker


def ask(worker: Worker, call: int = 3) -> ActiveJob:
    """What perform() does with a job that delegates."""
    active = worker.take(CODE)
    worker.end(active, attempt(active, lambda job: delegate(job, call, PART)))  # type: ignore[arg-type,return-value]
    return active


def child_of(worker: Worker) -> Worker:
    return Worker(Run.objects.get(parent=worker.run))


def test_the_parent_gives_its_worker_back_and_goes_on_with_what_the_child_says(worker: Worker) -> None:
    job = ask(worker).row
    assert (job.status, job.reason) == ("canceled", "delegated")
    assert not worker.run.jobs.filter(step=CODE, status="queued").exists()
    child = child_of(worker)
    child.do(CODE, outcome=done("1 file changed", commit=COMMIT, outputs=[], summary="A parser."))
    assert (child.run.status, child.run.tasks.get().status) == ("completed", "complete")
    again = worker.take(CODE)
    assert again.row.attempt == 2
    assert delegate(again, 3, PART) == Result(child.run.pk, True, "A parser.", COMMIT)


def test_the_child_begins_with_the_files_of_its_parent_and_shares_its_purse(worker: Worker) -> None:
    ask(worker)
    child = child_of(worker).run
    assert (child.cause, child.base_commit, child.title) == ("delegated", PART.commit, "Parser")
    assert child.tasks.get().spec["description"].startswith("Write a parser.\n\nThis is a part")
    assert purse_of(child) == purse_of(worker.run)


def test_a_parent_that_is_killed_finds_its_child_again(worker: Worker) -> None:
    active = worker.take(CODE)
    for _ in range(2):
        outcome = attempt(active, lambda job: delegate(job, 3, PART))  # type: ignore[arg-type,return-value]
        assert outcome.reason == "delegated"
    end_lost(active.row, "Its worker died before it could say so.")
    worker.look()
    assert not worker.run.jobs.filter(step=CODE, status="queued").exists()
    child_of(worker).do(CODE)
    assert delegate(worker.take(CODE), 3, PART).ok
    assert Delegation.objects.count() == 1


def test_another_call_is_another_child(worker: Worker) -> None:
    ask(worker)
    child_of(worker).do(CODE)
    ask(worker, call=5)
    assert Run.objects.filter(parent=worker.run).count() == 2


def test_a_child_that_fails_is_an_answer_not_the_end(worker: Worker) -> None:
    ask(worker)
    child = child_of(worker)
    child.do(CODE, outcome=failed(Reason.STUCK, "It went in circles."))
    assert child.run.status == "failed"
    result = delegate(worker.take(CODE), 3, PART)
    assert (result.ok, result.said) == (False, "It went in circles.")


def test_who_cancels_the_parent_cancels_the_child(worker: Worker, people: People) -> None:
    ask(worker)
    child = child_of(worker)
    running = child.take(CODE)
    cancel_run(worker.run, people.owner)
    child.run.refresh_from_db()
    assert child.run.stop_reason == "canceled_by_user"
    child.end(running, failed(Reason.CANCELED_BY_USER, "Canceled."))
    worker.look()
    assert (worker.run.status, child.run.status) == ("canceled", "canceled")


def test_depth_and_number_are_bounded(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MOST_CHILDREN", 1)
    ask(worker)
    child = child_of(worker)
    ask(child)
    grandchild = child_of(child)
    with pytest.raises(DelegationRefused, match="2 deep"):
        delegate(grandchild.take(CODE), 3, PART)
    grandchild.run.jobs.update(status="failed")
    Run.objects.filter(pk__in=[child.run.pk, grandchild.run.pk]).update(status="failed")
    with pytest.raises(DelegationRefused, match="as many as one may have"):
        delegate(worker.take(CODE), 9, PART)


def test_a_worker_that_lost_its_lease_begins_nothing(worker: Worker) -> None:
    active = worker.take(CODE)
    Job.objects.filter(pk=active.row.pk).update(lease_token="somebody else's")
    with pytest.raises(LeaseLost):
        delegate(active, 3, PART)
    assert not Delegation.objects.exists()


def test_a_part_is_not_run_again_without_its_whole(worker: Worker) -> None:
    ask(worker)
    child = child_of(worker)
    child.do(CODE)
    assert why_not_again(child.run) == f"It was a part of run {worker.run.pk}, and cannot be run without it."
