"""The sweep and the reaper."""

import os
import subprocess
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.runs.models import Job, Run, Sweep
from apps.runs.outcome import done, failed
from apps.runs.services import sweep as sweeping
from apps.runs.services.active import ActiveJob
from apps.runs.services.claim import claim
from apps.runs.services.finish import finish
from apps.runs.services.presence import machine, worker_name
from apps.runs.services.reap import reap_dead_workers, reap_expired
from apps.runs.services.sweep import sweep
from apps.runs.states import Reason
from tests.unit.apps.runs.conftest import Outbox
from tests.unit.apps.runs.delivery import committed

NOW = timezone.now()
HOUR = timedelta(hours=1)


def claimed(job: Job, worker: str = "far/1") -> Job:
    row = claim(job.pk, 1, worker)
    assert row is not None
    return row


def test_a_lease_that_ran_out_ends_the_job_as_lost(job: Job) -> None:
    claimed(job)
    assert list(reap_expired(timezone.now() + HOUR)) == [job.run_id]
    assert Job.objects.values_list("status", "reason").get(pk=job.pk) == ("failed", "lost")


def test_a_lease_that_holds_is_left_alone(job: Job) -> None:
    claimed(job)
    assert list(reap_expired(timezone.now())) == []


def test_a_worker_of_this_machine_that_died_gives_its_lease_back_at_once(job: Job) -> None:
    process = subprocess.Popen(["true"])
    process.wait()
    claimed(job, f"{machine()}/{process.pid}")
    assert list(reap_dead_workers()) == [job.run_id]


def test_a_worker_that_lives_or_is_elsewhere_keeps_its_lease(job: Job) -> None:
    claimed(job, worker_name())
    assert list(reap_dead_workers()) == []
    Job.objects.filter(pk=job.pk).update(worker=f"elsewhere-0/{os.getpid()}")
    assert list(reap_dead_workers()) == []


def test_two_sweeps_at_once_are_one(job: Job) -> None:
    Run.objects.filter(pk=job.run_id).update(published_at=NOW - HOUR, created_at=NOW - HOUR)
    Job.objects.filter(pk=job.pk).update(queued_at=NOW)
    Sweep.objects.create(pk=1, at=timezone.now() - timedelta(seconds=10))
    assert (sweep(), sweep()) == ([job.run_id], [])


def test_after_a_pause_of_hive_leases_get_time_to_renew(job: Job) -> None:
    claimed(job)
    Job.objects.filter(pk=job.pk).update(lease_expires_at=timezone.now() - HOUR)
    Sweep.objects.create(pk=1, at=timezone.now() - HOUR)
    assert sweep() == []
    row = Job.objects.get(pk=job.pk)
    assert row.status == "running"
    assert row.lease_expires_at > timezone.now()


def test_a_backlog_is_not_taken_for_a_loss(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    a_while_ago = timezone.now() - timedelta(seconds=30)
    Run.objects.filter(pk=job.run_id).update(published_at=a_while_ago, created_at=a_while_ago)
    monkeypatch.setattr(sweeping, "_queue_is_empty", lambda role: False)
    Sweep.objects.create(pk=1, at=timezone.now() - timedelta(seconds=10))
    assert sweep() == []
    monkeypatch.setattr(sweeping, "_queue_is_empty", lambda role: True)
    Sweep.objects.update(at=timezone.now() - timedelta(seconds=10))
    assert sweep() == [job.run_id]


def passes(seconds: float) -> list[int]:
    """What the sweep finds of a run that was published so long ago."""
    then = timezone.now() - timedelta(seconds=seconds)
    Run.objects.update(published_at=then, created_at=then)
    Sweep.objects.update_or_create(pk=1, defaults={"at": timezone.now() - timedelta(seconds=10)})
    return sweep()


def test_what_did_not_help_is_waited_for_twice_as_long_until_something_moves(
    job: Job, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a machine so slow that a message is not claimed in time, the next would refuse it, and so on for ever."""
    settings.SWEEP_S, settings.REPUBLISH_S = 1, 60
    monkeypatch.setattr(sweeping, "_queue_is_empty", lambda role: True)
    assert [passes(3), passes(3), passes(5), passes(5), passes(9)] == [[job.run_id], [], [job.run_id], [], [job.run_id]]
    Run.objects.update(republished=9)
    assert [passes(59), passes(61)] == [[], [job.run_id]]
    with committed():
        finish(ActiveJob(claimed(job)), done(base_commit="b" * 40), 1)
    assert Run.objects.get(pk=job.run_id).republished == 0


def test_a_run_that_rests_is_not_taken_for_forgotten(job: Job, settings: Any) -> None:
    settings.REST_S = 300
    with committed():
        finish(ActiveJob(claimed(job)), failed(Reason.INFRASTRUCTURE, "The store is away."), 1)
    ended = Job.objects.filter(pk=job.pk)
    ended.update(finished_at=timezone.now() - timedelta(seconds=150))
    assert (passes(100), Run.objects.get(pk=job.run_id).republished) == ([], 0)
    ended.update(finished_at=timezone.now() - timedelta(seconds=301))
    assert passes(100) == [job.run_id]


def test_a_run_whose_time_is_up_is_stopped(job: Job, outbox: Outbox) -> None:
    claimed(job)
    Run.objects.filter(pk=job.run_id).update(deadline_at=timezone.now() - timedelta(seconds=1))
    with committed():
        sweep()
    assert Run.objects.get(pk=job.run_id).stop_reason == "timed_out"


def test_a_run_that_no_worker_takes_is_stopped(job: Job) -> None:
    long_ago = timezone.now() - timedelta(days=1)
    Run.objects.filter(pk=job.run_id).update(published_at=long_ago, created_at=long_ago)
    Job.objects.filter(pk=job.pk).update(queued_at=long_ago)
    sweep()
    run = Run.objects.get(pk=job.run_id)
    assert run.stop_reason == "queue_timeout"
    assert "No manager worker took manager.noop" in run.stop_message
