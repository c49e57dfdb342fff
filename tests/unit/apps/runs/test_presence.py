"""The row of a worker: entered at its start, kept true by its processes, seldom written."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.runs.models import Job, Worker
from apps.runs.overview import worker_now
from apps.runs.services import presence as module
from apps.runs.services.claim import claim
from apps.runs.services.presence import FORGOTTEN, FORGOTTEN_DRAINED, Presence, machine, worker_name

pytestmark = pytest.mark.django_db
Fresh = Callable[[], Presence]


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> Fresh:
    """A process of the worker build@here that looks for the first time."""

    def make() -> Presence:
        made = Presence()
        made.introduce("build@here", ["testing", "coding"], 2)
        monkeypatch.setattr(module, "presence", made)
        return made

    return make


def row() -> Worker:
    return Worker.objects.get(name="build@here")


def test_a_worker_enters_itself(fresh: Fresh) -> None:
    fresh().beat()
    assert (row().queues, row().processes, row().pid, row().machine) == (
        ["coding", "testing"],
        2,
        os.getpid(),
        machine(),
    )


def test_its_processes_write_once_in_ten_seconds_together(fresh: Fresh) -> None:
    first = fresh()
    first.beat()
    second = Presence()
    second._me = first._me
    with CaptureQueriesContext(connection) as queries:
        for process in (first, second, first, second):
            process.beat()
    assert [query["sql"].split()[0] for query in queries] == ["SELECT"]  # the second one's first look
    Worker.objects.update(seen_at=timezone.now() - timedelta(seconds=9))
    second._due = first._due = 0.0
    with CaptureQueriesContext(connection) as queries:
        first.beat()
        second.beat()
    assert [query["sql"].split()[0] for query in queries].count("UPDATE") == 1


def test_a_worker_that_is_started_again_keeps_its_drain(fresh: Fresh) -> None:
    fresh().beat()
    Worker.objects.update(draining_at=timezone.now())
    again = fresh()
    again.beat()
    assert again.drained
    assert Worker.objects.count() == 1


def test_what_one_process_sees_the_worker_knows(fresh: Fresh) -> None:
    """Children share a byte with the process that forked them."""
    worker = fresh()
    worker.beat()
    Worker.objects.update(draining_at=timezone.now())
    pid = os.fork()
    if pid == 0:
        worker.note(drained=True)
        os._exit(0)
    os.waitpid(pid, 0)
    assert worker.drained


def test_rows_of_workers_long_gone_go_and_a_drained_one_stays_longer(fresh: Fresh) -> None:
    now = timezone.now()
    common = {"machine": "m", "pid": 1, "started_at": now}
    Worker.objects.create(name="gone", seen_at=now - FORGOTTEN - timedelta(hours=1), **common)
    Worker.objects.create(name="away", seen_at=now - timedelta(hours=1), **common)
    Worker.objects.create(name="in repair", seen_at=now - timedelta(days=9), draining_at=now, **common)
    Worker.objects.create(
        name="scrapped", seen_at=now - FORGOTTEN_DRAINED - timedelta(days=1), draining_at=now, **common
    )
    fresh().beat()
    assert set(Worker.objects.values_list("name", flat=True)) == {"away", "in repair", "build@here"}


def test_a_database_that_is_away_ends_nothing(fresh: Fresh, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.db import OperationalError

    def away(me: object) -> bool:
        raise OperationalError("away")

    monkeypatch.setattr(module, "look", away)
    monkeypatch.setattr(connection, "close", lambda: None)
    fresh().beat()


def test_a_process_of_no_worker_says_nothing() -> None:
    Presence().beat()
    assert not Worker.objects.exists()


def test_what_a_worker_does_follows_from_its_jobs(fresh: Fresh, job: Job) -> None:
    fresh().beat()
    assert worker_now(row()).state == "idle"
    claim(job.pk, 1, worker_name(), "build@here")
    assert (worker_now(row()).state, worker_now(row()).jobs) == ("working", [job])
    Worker.objects.update(draining_at=timezone.now())
    assert worker_now(row()).state == "draining"
    Job.objects.update(status="completed")
    assert worker_now(row()).state == "drained"
    Worker.objects.update(seen_at=timezone.now() - timedelta(minutes=1))
    assert worker_now(row()).state == "silent"
