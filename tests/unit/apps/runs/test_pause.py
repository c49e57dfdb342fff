"""A paused queue: nothing of it begins, nothing of it is forgotten, and it goes on where it was."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.runs.models import Job, Queue, Run, Sweep
from apps.runs.services import sweep as sweeping
from apps.runs.services.claim import claim
from apps.runs.services.pause import PauseRefused, pause_queue, publish_waiting, resume_queue
from apps.runs.services.sweep import sweep
from tests.conftest import People
from tests.stories import runs
from tests.unit.apps.runs.conftest import Outbox
from tests.unit.apps.runs.delivery import committed

HOUR = timedelta(hours=1)


def queue() -> Queue:
    return Queue.objects.get(role="manager")


def long_ago(job: Job) -> None:
    """The job waits since yesterday."""
    yesterday = timezone.now() - 24 * HOUR
    Run.objects.filter(pk=job.run_id).update(published_at=yesterday, created_at=yesterday)
    Job.objects.filter(pk=job.pk).update(queued_at=yesterday)


def sweep_now() -> list[int]:
    Sweep.objects.update_or_create(pk=1, defaults={"at": timezone.now() - timedelta(seconds=10)})
    with committed():
        return sweep()


def test_no_job_of_a_paused_queue_begins_and_resuming_lets_it(job: Job) -> None:
    pause_queue("manager", None)
    assert claim(job.pk, 1, "worker") is None
    resume_queue("manager", None)
    assert claim(job.pk, 1, "worker") is not None


def test_another_queue_goes_on(job: Job) -> None:
    pause_queue("coding", None)
    assert claim(job.pk, 1, "worker") is not None


def test_what_was_begun_goes_on(job: Job) -> None:
    claim(job.pk, 1, "worker")
    pause_queue("manager", None)
    assert sweep_now() == []
    assert Job.objects.get(pk=job.pk).status == "running"


def test_who_paused_it_when_why_and_until_when_is_kept(people: People) -> None:
    until = timezone.now() + HOUR
    paused = pause_queue("coding", people.owner, "The disk is being replaced", until)
    first = paused.paused_at
    assert (paused.paused_by, paused.reason, paused.until) == (people.owner, "The disk is being replaced", until)
    again = pause_queue("coding", people.teammate, "Still")
    assert (again.paused_at, again.paused_by, again.reason, again.until) == (first, people.teammate, "Still", None)


@pytest.mark.django_db
def test_a_queue_that_is_not_there_and_a_time_that_is_over_are_refused() -> None:
    with pytest.raises(PauseRefused, match="There are: manager, coding"):
        pause_queue("codign", None)
    with pytest.raises(PauseRefused, match="is over"):
        pause_queue("coding", None, until=timezone.now() - HOUR)
    assert not Queue.objects.exclude(paused_at=None).exists()


def test_what_waits_for_a_paused_queue_is_neither_forgotten_nor_overdue(job: Job) -> None:
    long_ago(job)
    Run.objects.filter(pk=job.run_id).update(status="running", deadline_at=timezone.now() - HOUR)
    pause_queue("manager", None)
    assert sweep_now() == []
    assert Run.objects.get(pk=job.run_id).stop_reason == ""


def test_a_run_that_is_to_stop_does_not_wait_for_a_paused_queue(job: Job) -> None:
    long_ago(job)
    Run.objects.filter(pk=job.run_id).update(stop_reason="canceled_by_user")
    Job.objects.filter(pk=job.pk).update(queued_at=timezone.now())
    pause_queue("manager", None)
    assert sweep_now() == [job.run_id]


def test_hundreds_that_wait_do_not_hide_one_that_is_forgotten(job: Job, people: People, monkeypatch) -> None:
    monkeypatch.setattr(sweeping, "BATCH", 1)
    monkeypatch.setattr(sweeping, "_queue_is_empty", lambda role: True)
    long_ago(job)
    worker = runs.begin(people.project, people.owner)
    worker.do("manager.plan")
    Run.objects.filter(pk=worker.run.pk).update(published_at=timezone.now() - HOUR)
    Job.objects.filter(run=worker.run).exclude(finished_at=None).update(finished_at=timezone.now() - HOUR)
    pause_queue("manager", None)
    Job.objects.filter(run=worker.run, status="queued").update(queued_at=timezone.now())
    assert sweep_now() == [worker.run.pk]


def test_resuming_has_every_run_that_waited_looked_at(job: Job, outbox: Outbox) -> None:
    pause_queue("manager", None)
    with committed():
        assert resume_queue("manager", None)
    ((step, queue_id),) = outbox
    assert step == "manager.resume"
    outbox.clear()
    assert publish_waiting(queue_id) == 1
    assert outbox == [("manager.advance", job.run_id)]


def test_a_run_that_was_published_since_is_left_alone(job: Job) -> None:
    pause_queue("manager", None)
    resume_queue("manager", None)
    Run.objects.filter(pk=job.run_id).update(published_at=timezone.now())
    assert publish_waiting(queue().pk) == 0


def test_of_two_who_resume_one_does(job: Job) -> None:
    pause_queue("manager", None)
    assert (resume_queue("manager", None), resume_queue("manager", None)) == (True, False)


def test_the_sweep_publishes_what_a_lost_resume_left_waiting(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also with a long backlog: its message cannot be in there, for it was refused."""
    long_ago(job)
    pause_queue("manager", None)
    resume_queue("manager", None)
    Queue.objects.filter(role="manager").update(resumed_at=timezone.now() - timedelta(seconds=20))
    monkeypatch.setattr(sweeping, "_queue_is_empty", lambda role: False)
    assert sweep_now() == [job.run_id]
    assert Run.objects.get(pk=job.run_id).stop_reason == ""


def test_a_pause_ends_at_its_time(job: Job, outbox: Outbox) -> None:
    pause_queue("manager", None, until=timezone.now() + HOUR)
    sweep_now()
    assert queue().is_paused
    Queue.objects.filter(role="manager").update(until=timezone.now() - timedelta(seconds=1))
    sweep_now()
    assert not queue().is_paused
    assert ("manager.resume", queue().pk) in outbox


def test_the_time_of_a_pause_does_not_count_against_a_run(job: Job) -> None:
    deadline = timezone.now() + HOUR
    Run.objects.filter(pk=job.run_id).update(status="running", deadline_at=deadline)
    pause_queue("manager", None)
    Queue.objects.filter(role="manager").update(paused_at=timezone.now() - 5 * HOUR)
    resume_queue("manager", None)
    moved = Run.objects.get(pk=job.run_id).deadline_at
    assert moved is not None
    assert timedelta(hours=5) <= moved - deadline < timedelta(hours=5, minutes=1)
