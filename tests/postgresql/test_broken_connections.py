"""The session of a worker ends under its hands, before any statement and in any commit: its job is done once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from django.db import OperationalError, connection

from apps.events.models import Event, LogChunk
from apps.runs.models import Job
from apps.runs.outcome import Outcome, done
from apps.runs.services import outage
from apps.runs.services.active import ActiveJob
from apps.runs.services.perform import perform
from apps.runs.services.start import start_run
from tests.conftest import People
from tests.database import administer

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outage, "PAUSE_S", 0.01)


def cut() -> None:
    """End this thread's session, as a restart of the server does."""
    administer(f"SELECT pg_terminate_backend({connection.connection.info.backend_pid})")


@contextmanager
def cut_before(number: int) -> Iterator[Callable[[], bool]]:
    """The session ends before its statement of this number; gives whether it came so far."""
    seen = 0

    def wrapper(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal seen
        seen += 1
        if seen == number:
            cut()
        return execute(sql, params, many, context)

    with connection.execute_wrapper(wrapper):
        yield lambda: seen >= number


def work(active: ActiveJob) -> Outcome:
    active.emit("activity", text="thinking")
    active.print("hello")
    return done(seen=3)


def fresh_job(people: People) -> Job:
    return Job.objects.get(run=start_run(people.project, None, people.owner, workflow="noop"))


def check(job: Job) -> None:
    """Completed once: its events tell each change once, in order, and its output is there once."""
    job.refresh_from_db()
    assert (job.status, job.outcome) == ("completed", {"seen": 3})
    told = list(Event.objects.filter(run_id=job.run_id).order_by("number").values_list("number", "type", "data__to"))
    assert [number for number, _, _ in told] == list(range(1, len(told) + 1))
    assert [(kind, to) for _, kind, to in told] == [
        ("run", "queued"),
        ("job", "running"),
        ("run", "running"),
        ("activity", None),
        ("job", "completed"),
    ]
    assert b"".join(bytes(chunk.data) for chunk in LogChunk.objects.filter(job_id=job.pk)) == b"hello\n"


def test_before_any_statement(people: People) -> None:
    """One after the other, until a job has fewer statements than that."""
    for number in range(1, 100):
        job = fresh_job(people)
        with cut_before(number) as came_so_far:
            assert perform(job.pk, 1, work)
        check(job)
        if not came_so_far():
            assert number > 8
            return
    pytest.fail("no job has so many statements")


@pytest.mark.parametrize("number", [2, 3, 4])  # the first is the claim's: its lease runs out, and the sweep finds it
def test_when_the_answer_to_a_commit_is_lost(people: People, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    job, commit, seen = fresh_job(people), connection._commit, 0

    def lost() -> None:
        nonlocal seen
        seen += 1
        commit()
        if seen == number:
            cut()
            raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(connection, "_commit", lost)
    monkeypatch.setattr(ActiveJob, "emit", lambda *args, **kwargs: None)  # told twice is not worth a token
    assert perform(job.pk, 1, work)
    job.refresh_from_db()
    assert job.status == "completed"
    assert b"".join(bytes(chunk.data) for chunk in LogChunk.objects.filter(job_id=job.pk)) == b"hello\n"


def test_a_session_that_was_cut_between_two_jobs_is_replaced(people: People) -> None:
    for _ in range(2):
        job = fresh_job(people)
        cut()
        assert perform(job.pk, 1, work)
        check(job)


def test_a_statement_ends_where_it_takes_too_long(people: People) -> None:
    with connection.cursor() as cursor:
        limits = "statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"
        found = {}
        for name in limits:
            cursor.execute(f"SHOW {name}")
            found[name] = cursor.fetchone()[0]
    assert found == {
        "statement_timeout": "30s",
        "lock_timeout": "10s",
        "idle_in_transaction_session_timeout": "1min",
    }
    with suppress(OperationalError):
        connection.close()
