"""The time that all machines agree on is the database server's, whatever this machine's clock says."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from apps.events.clock import HOLDS_S, Clock
from apps.runs.models import Job, Run
from apps.runs.services.claim import claim
from apps.runs.services.start import start_run
from apps.runs.services.sweep import sweep
from apps.runs.states import JobStatus
from tests.conftest import People

AHEAD = timedelta(seconds=90)


@pytest.fixture
def ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine's clock from now on."""
    real = timezone.now
    monkeypatch.setattr("django.utils.timezone.now", lambda: real() + AHEAD)


def server_time() -> object:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]


@pytest.mark.django_db
def test_it_follows_the_server(ahead: None) -> None:
    clock = Clock()
    for _ in range(2):  # asked, and carried on
        assert abs(clock.now() - server_time()) < timedelta(seconds=5)  # type: ignore[operator]


@pytest.mark.django_db
def test_the_server_is_asked_once_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    asked: list[int] = []
    real = clock._ask
    monkeypatch.setattr(clock, "_ask", lambda: asked.append(1) or real())
    first = clock.now()
    assert clock.now() >= first
    assert len(asked) == 1
    then, at = clock._asked or (first, 0.0)
    clock._asked = then, at - HOLDS_S - 1
    clock.now()
    assert len(asked) == 2


def test_a_job_that_is_held_elsewhere_is_not_taken_away_by_a_sweep_whose_clock_is_ahead(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = start_run(people.project, None, people.owner, workflow="noop")
    job = claim(run.jobs.get().pk, run.epoch, "elsewhere/1")
    assert job is not None
    real = timezone.now
    monkeypatch.setattr("django.utils.timezone.now", lambda: real() + AHEAD)
    sweep()
    assert Job.objects.get(pk=job.pk).status == JobStatus.RUNNING


def test_what_a_machine_ahead_has_claimed_expires_when_its_lease_does(people: People, ahead: None) -> None:
    run: Run = start_run(people.project, None, people.owner, workflow="noop")
    job = claim(run.jobs.get().pk, run.epoch, "elsewhere/1")
    assert job is not None
    assert job.lease_expires_at is not None
    assert job.lease_expires_at - server_time() <= timedelta(seconds=31)  # type: ignore[operator]
