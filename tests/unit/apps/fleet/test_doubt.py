"""A line that broke and a process that is new: jobs of who is gone end soon, those of who is heard do not."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from django.utils import timezone

from apps.fleet import held_beats
from apps.fleet.held_beats import HeldBeats, verdicts_in_time
from apps.fleet.models import Agent
from apps.fleet.services.acknowledge import acknowledge
from apps.fleet.services.heartbeat import Beat, beat
from apps.fleet.services.silence import PROBE_S, doubt, end_all_held, end_silent
from apps.runs.models import Job
from tests.unit.apps.fleet.conftest import MakeAgent, MakeJob, offered

NOWHERE = "redis://127.0.0.1:1/0"


@pytest.fixture
def leases(agent: Agent, job: Job) -> dict[int, str]:
    one = offered(agent)
    acknowledge(agent, job.pk, one.lease)
    return {job.pk: one.lease}


def left_s(job: Job) -> float:
    job.refresh_from_db()
    assert job.lease_expires_at is not None
    return (job.lease_expires_at - timezone.now()).total_seconds()


def expire(job: Job) -> None:
    Job.objects.filter(pk=job.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))


def test_after_a_broken_line_a_lease_ends_soon_and_who_is_heard_has_all_of_it_again(
    agent: Agent, job: Job, leases: dict[int, str]
) -> None:
    before_s = left_s(job)
    doubt(leases)
    assert left_s(job) <= PROBE_S
    end_silent(leases)  # too early: nothing has run out
    beat(agent, Beat(leases))
    assert left_s(job) >= before_s - 1
    assert job.status == "running"


def test_who_was_not_heard_has_lost_the_job(job: Job, leases: dict[int, str]) -> None:
    doubt(leases)
    expire(job)
    end_silent(leases)
    job.refresh_from_db()
    assert (job.status, job.reason) == ("failed", "lost")


def test_another_lease_than_the_one_in_doubt_is_left_alone(job: Job, leases: dict[int, str]) -> None:
    before_s = left_s(job)
    doubt({job.pk: "old"})
    assert left_s(job) > before_s - 5
    expire(job)
    end_silent({job.pk: "old"})
    job.refresh_from_db()
    assert job.status == "running"


def test_what_a_process_held_before_it_was_started_anew_is_lost_at_once_and_nobody_elses(
    agent: Agent, job: Job, leases: dict[int, str], make_agent: MakeAgent, make_job: MakeJob
) -> None:
    other, another = make_agent("other"), make_job()
    acknowledge(other, another.pk, offered(other).lease)
    end_all_held(agent)
    job.refresh_from_db()
    another.refresh_from_db()
    assert (job.status, job.reason, another.status) == ("failed", "lost", "running")


def test_a_beat_that_is_held_is_answered_when_a_run_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    told = [{1: "ok"}, {1: "cancel"}]
    monkeypatch.setattr(held_beats, "verdicts_on", lambda *_: told.pop(0))

    async def story() -> dict[int, str]:
        here = HeldBeats(NOWHERE)
        monkeypatch.setattr(held_beats, "_current", lambda: here)
        held = asyncio.create_task(verdicts_in_time(1, {1: "l"}, {1: "ok"}, 60))
        while told:  # the first stop is of another's run, and ends nothing
            await asyncio.sleep(0.01)
            here._tell()
        return await held

    assert asyncio.run(story()) == {1: "cancel"}


def test_a_beat_that_nothing_happens_to_is_answered_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> dict[int, str]:
        here = HeldBeats(NOWHERE)
        monkeypatch.setattr(held_beats, "_current", lambda: here)
        return await verdicts_in_time(1, {1: "l"}, {1: "ok"}, 0.05)

    assert asyncio.run(story()) == {1: "ok"}
