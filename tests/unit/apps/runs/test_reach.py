"""A web server that was away: the leases of those whom only it hears get time; those of workers do not."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from apps.events.clock import clock
from apps.runs.models import Job
from apps.runs.services import reach
from apps.runs.services.claim import claim
from apps.runs.services.reach import note_reach, was_reached
from apps.runs.services.reap import reap_expired
from apps.runs.stations import Reach


class Time:
    def __init__(self) -> None:
        self.now = clock.now()

    def passes(self, seconds: float) -> datetime:
        self.now += timedelta(seconds=seconds)
        return self.now


@pytest.fixture
def time(db: None, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Time:
    settings.LEASE_S = 30.0
    found = Time()
    monkeypatch.setattr(reach.clock, "now", lambda: found.now)
    return found


def there_for(time: Time, seconds: int) -> None:
    for _ in range(0, seconds, 3):
        time.passes(3)
        note_reach()


def test_where_nobody_says_anything_leases_run_out_as_ever(time: Time) -> None:
    assert was_reached(time.now)


def test_one_that_has_just_started_gives_everybody_a_lease_to_be_heard(time: Time) -> None:
    note_reach()
    assert not was_reached(time.now)
    there_for(time, 30)
    assert not was_reached(time.now)
    there_for(time, 3)
    assert was_reached(time.now)


def test_one_that_is_away_counts_as_such_before_a_lease_could_run_out_by_it(time: Time) -> None:
    there_for(time, 60)
    assert was_reached(time.passes(15))
    assert not was_reached(time.passes(1))


def test_after_a_short_restart_nobody_gets_more_time(time: Time) -> None:
    there_for(time, 60)
    time.passes(10)
    note_reach()
    assert was_reached(time.now)


def test_after_a_long_one_everybody_gets_a_lease_again(time: Time) -> None:
    there_for(time, 60)
    back = time.passes(3600)
    there_for(time, 30)
    assert not was_reached(time.now)
    assert Reach.objects.get().since == back + timedelta(seconds=3)


def test_meanwhile_a_workers_job_is_lost_and_an_agents_is_not(time: Time, job: Job) -> None:
    claim(job.pk, 1, "far/1")
    note_reach()
    Job.objects.update(lease_expires_at=time.now - timedelta(seconds=1), runs_on=["arm"])
    assert list(reap_expired(time.now)) == []
    Job.objects.update(runs_on=[])
    assert list(reap_expired(time.now)) == [job.run_id]
