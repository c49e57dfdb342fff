"""What a job costs the database between its offer and its end: statements per request, each request one transaction."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.events.lifecycle import MoveLost
from apps.fleet.models import Assignment
from apps.fleet.services import report
from apps.fleet.services.enrol import create_token
from apps.fleet.services.offer import offer_to_many
from apps.runs.models import Job, Run
from apps.runs.plan.workflows import CI
from tests.conftest import People
from tests.unit.apps.api.agents.test_protocol import Machine
from tests.unit.apps.ci.conftest import Submit, memory, sent, submitted  # noqa: F401 - fixtures

OUT = b"$ true\n"
SAID: dict[str, Any] = {
    "exit_code": 0,
    "log": {"bytes": len(OUT), "crc32": zlib.crc32(OUT)},
    "output": {"start": 0, "data": base64.b64encode(OUT).decode()},
}


@pytest.fixture
def machine(people: People) -> Machine:
    made = Machine()
    made.agent_id = made.join(create_token(people.owner, "t", tags=["arm"]).token)["agent_id"]  # type: ignore[attr-defined]
    return made


def offered(machine: Machine) -> dict[str, Any]:
    (found,) = machine.call("GET", "/jobs/next").json()["jobs"]
    return found


def statements(call: Callable[[], Any]) -> list[str]:
    """Without those that record events on SQLite: PostgreSQL does it with the move."""
    with CaptureQueriesContext(connection) as queries:
        answer = call()
    assert answer.status_code == 200, answer.content
    return [one["sql"] for one in queries if not one["sql"].startswith("INSERT INTO events_")]


@pytest.mark.django_db(transaction=True)
def test_a_jobs_requests_are_few_statements_in_one_transaction_each(machine: Machine, submitted: Submit) -> None:  # noqa: F811
    submitted(runs_on=["arm"])
    found = offered(machine)
    # Of the final word, up to three read what is masked: that is known for five seconds.
    begin = statements(lambda: machine.status(found, "running"))
    end = statements(lambda: machine.status(found, "completed", **SAID))
    assert len(begin) <= 12, "\n".join(begin)
    assert len(end) <= 21, "\n".join(end)
    for told in (begin, end):
        assert sum("SAVEPOINT" in sql for sql in told) <= 2, "\n".join(told)
    assert Run.objects.get().status == "completed"


def test_a_look_for_all_who_wait_is_few_statements(machine: Machine, submitted: Submit) -> None:  # noqa: F811
    submitted(runs_on=["arm"])
    with CaptureQueriesContext(connection) as queries:
        assert offer_to_many({machine.agent_id: 1})  # type: ignore[attr-defined]
    assert len(queries) <= 6


@pytest.mark.django_db(transaction=True)
def test_a_final_word_that_fails_half_way_is_taken_back_whole(
    machine: Machine,
    submitted: Submit,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    submitted(runs_on=["arm"])
    found = offered(machine)
    assert machine.status(found, "running").status_code == 200

    def lose(job_id: int) -> None:
        raise MoveLost("Somebody was faster.")

    with monkeypatch.context() as patched:
        patched.setitem(report.SETTLE, CI, lose)
        assert machine.status(found, "completed", **SAID).status_code == 409
    assert (Job.objects.get().status, Assignment.objects.get().log_bytes) == ("running", 0)
    assert machine.status(found, "completed", **SAID).status_code == 200
    assert Job.objects.get().status == "completed"
