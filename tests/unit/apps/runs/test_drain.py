"""A drained worker: it takes nothing more, and what reached it all the same is not lost."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.runs.models import Job, Worker
from apps.runs.outcome import done
from apps.runs.overview import queues_now, workers_now
from apps.runs.services import drain
from apps.runs.services.claim import claim
from apps.runs.services.drain import drain_worker, left_without, resume_worker
from apps.runs.services.perform import perform
from apps.runs.services.presence import Presence
from tests.conftest import People
from tests.unit.apps.runs.conftest import Outbox
from tests.unit.apps.runs.delivery import committed

pytestmark = pytest.mark.django_db(transaction=True)  # perform() begins with a fresh connection where the old one broke


@pytest.fixture
def worker(db: None) -> Worker:
    return make("steady@here", ["manager", "deployment"])


def make(name: str, queues: list[str]) -> Worker:
    return Worker.objects.create(name=name, queues=queues, machine="m", pid=1, started_at=timezone.now())


@pytest.fixture
def inside(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> Presence:
    """This test's process belongs to the worker."""
    from apps.runs.services import perform as performing

    found = Presence()
    found.introduce(worker.name, worker.queues, 1)
    monkeypatch.setattr(drain, "presence", found)
    monkeypatch.setattr(performing, "presence", found)
    monkeypatch.setattr(drain, "TAKES_NO_MORE_S", 0)
    return found


def test_a_drained_worker_claims_nothing_and_others_do(job: Job, worker: Worker) -> None:
    drain_worker(worker, None)
    assert claim(job.pk, 1, "here/1", worker.name) is None
    assert claim(job.pk, 1, "there/1", "other@there") is not None


def test_a_resumed_worker_claims_again(job: Job, worker: Worker) -> None:
    drain_worker(worker, None)
    resume_worker(worker, None)
    assert claim(job.pk, 1, "here/1", worker.name) is not None


def test_it_is_drained_and_resumed_once(worker: Worker, people: People) -> None:
    assert [drain_worker(worker, people.owner), drain_worker(worker, people.teammate)] == [True, False]
    assert Worker.objects.get().draining_by == people.owner
    assert [resume_worker(worker, None), resume_worker(worker, None)] == [True, False]


def test_what_it_does_it_finishes(job: Job, worker: Worker, inside: Presence) -> None:
    def work(active: object) -> object:
        drain_worker(worker, None)
        return done()

    assert perform(job.pk, 1, work)  # type: ignore[arg-type]
    assert Job.objects.get(pk=job.pk).status == "completed"


def test_a_message_that_reaches_it_is_sent_again(job: Job, worker: Worker, inside: Presence, outbox: Outbox) -> None:
    drain_worker(worker, None)
    with committed():
        assert not perform(job.pk, 1, lambda active: done())
    assert outbox == [("manager.advance", job.run_id)]
    assert inside.drained


def test_a_message_of_an_older_epoch_is_not(job: Job, worker: Worker, inside: Presence, outbox: Outbox) -> None:
    drain_worker(worker, None)
    with committed():
        perform(job.pk, 0, lambda active: done())
    assert outbox == []


def test_a_claim_that_is_lost_by_a_worker_that_works_asks_for_nothing(
    job: Job, inside: Presence, outbox: Outbox
) -> None:
    claim(job.pk, 1, "there/1")
    with committed():
        assert not perform(job.pk, 1, lambda active: done())
    assert outbox == []


def test_it_is_said_which_queues_nobody_takes_from_any_more(worker: Worker) -> None:
    assert left_without(worker) == ["manager", "deployment"]
    other = make("second@there", ["manager"])
    assert left_without(worker) == ["deployment"]
    drain_worker(other, None)
    assert left_without(worker) == ["manager", "deployment"]


def test_a_queue_is_served_by_who_is_there_and_not_drained(worker: Worker, job: Job) -> None:
    quiet = make("quiet@there", ["manager"])
    Worker.objects.filter(pk=quiet.pk).update(seen_at=timezone.now() - timedelta(minutes=5))
    manager, coding, *_ = queues_now(workers_now())
    assert [one.worker.name for one in manager.workers] == ["steady@here"]
    assert (manager.due, coding.due, coding.workers) == (1, 0, [])
    drain_worker(worker, None)
    assert queues_now(workers_now())[0].workers == []
