"""perform(): claim, work, record."""

import pytest

from apps.events.models import Event, LogChunk
from apps.runs.models import Job, Run
from apps.runs.outcome import JobFailed, Outcome, done, failed
from apps.runs.services import dispatch
from apps.runs.services.active import ActiveJob
from apps.runs.services.output import LeaseLost
from apps.runs.services.perform import perform
from apps.runs.services.stop import stop_run
from apps.runs.states import Reason
from tests.unit.apps.runs.conftest import Outbox
from tests.unit.apps.runs.delivery import committed

pytestmark = pytest.mark.django_db(transaction=True)


def ended(job: Job) -> tuple[str, str]:
    return Job.objects.values_list("status", "reason").get(pk=job.pk)


def test_a_job_that_is_done_lets_the_canvas_go_on(job: Job, outbox: Outbox) -> None:
    assert perform(job.pk, 1, lambda active: done(seen=3))
    assert ended(job) == ("completed", "")
    assert Job.objects.get(pk=job.pk).outcome == {"seen": 3}
    assert outbox == []


def test_a_second_copy_of_the_message_does_nothing_but_lets_the_canvas_go_on(job: Job) -> None:
    assert perform(job.pk, 1, lambda active: done())
    assert perform(job.pk, 1, lambda active: pytest.fail("worked twice"))


def test_a_message_of_another_epoch_is_refused(job: Job) -> None:
    assert not perform(job.pk, 7, lambda active: pytest.fail("claimed"))
    assert ended(job) == ("queued", "")


def test_an_expected_failure_is_recorded_and_the_manager_is_asked(job: Job, outbox: Outbox) -> None:
    assert not perform(job.pk, 1, lambda active: failed(Reason.SCRIPT_FAILED, "It was red."))
    assert ended(job) == ("failed", "script_failed")
    assert outbox == [(dispatch.ADVANCE, job.run_id)]


def test_a_failure_from_deep_inside_carries_its_outcome(job: Job) -> None:
    def work(active: ActiveJob) -> Outcome:
        raise JobFailed(Reason.MERGE_CONFLICT, "Both changed a.txt.", files=["a.txt"])

    perform(job.pk, 1, work)
    assert Job.objects.get(pk=job.pk).outcome == {"files": ["a.txt"]}


def test_a_bug_is_infrastructure_and_asks_the_manager(job: Job, outbox: Outbox) -> None:
    perform(job.pk, 1, lambda active: 1 / 0)  # type: ignore[return-value,arg-type]
    assert ended(job) == ("failed", "infrastructure")
    assert "ZeroDivisionError" in Job.objects.get(pk=job.pk).message
    assert outbox == [(dispatch.ADVANCE, job.run_id)]


def test_output_and_events_belong_to_the_job(job: Job) -> None:
    def work(active: ActiveJob) -> Outcome:
        active.print("hello")
        active.emit("activity", text="thinking")
        return done()

    perform(job.pk, 1, work)
    assert bytes(LogChunk.objects.get(job_id=job.pk).data) == b"hello\n"
    assert Event.objects.get(type="activity").job_id == job.pk


def test_who_lost_the_lease_changes_nothing(job: Job) -> None:
    def work(active: ActiveJob) -> Outcome:
        Job.objects.filter(pk=job.pk).update(lease_token="another", worker="other/1")
        with pytest.raises(LeaseLost):
            active.emit("activity", text="late")
        return done()

    assert not perform(job.pk, 1, work)
    assert Job.objects.get(pk=job.pk).status == "running"


def test_a_job_under_way_sees_that_its_run_is_stopped(job: Job) -> None:
    def work(active: ActiveJob) -> Outcome:
        with committed():
            stop_run(job.run_id, Reason.CANCELED_BY_USER, "by ann")
        for _ in range(200):
            if active.stopping:
                return done()
            _wait()
        return pytest.fail("never told")

    assert not perform(job.pk, 1, work)
    assert ended(job) == ("canceled", "canceled_by_user")


def test_nothing_is_claimed_once_the_run_is_to_stop(job: Job) -> None:
    stop_run(job.run_id, Reason.CANCELED_BY_USER, "by ann")
    assert not perform(job.pk, 1, lambda active: pytest.fail("claimed"))


def test_the_first_claim_sets_the_run_going(job: Job) -> None:
    perform(job.pk, 1, lambda active: done())
    run = Run.objects.get(pk=job.run_id)
    assert run.status == "running"
    assert run.started_at is not None


def _wait() -> None:
    import time

    time.sleep(0.05)
