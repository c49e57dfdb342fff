"""What was added to the protocol later: an agent that says it is served, and one that does not is served as before."""

from __future__ import annotations

import base64
import zlib
from typing import Any

import pytest

from apps.api.later import Later
from apps.artifacts.queries import read_log
from apps.events import clock
from apps.fleet.models import Agent, Assignment
from apps.fleet.order import Command, Order
from apps.fleet.orders import ORDERS
from apps.fleet.services.enrol import create_token
from apps.fleet.services.hold import pause_agent
from apps.runs.models import Job, Run
from tests.conftest import People
from tests.unit.apps.api.agents.test_protocol import Machine, begun


@pytest.fixture
def job(people: People, monkeypatch: pytest.MonkeyPatch) -> Job:
    monkeypatch.setitem(ORDERS, "testing.noop", lambda job: Order((Command(("true",)),)))
    run = Run.objects.create(project=people.project, workflow="noop", title="For agents", epoch=1)
    return Job.objects.create(run=run, role="testing", step="testing.noop", runs_on=["arm"])


@pytest.fixture
def machine(people: People) -> Machine:
    made = Machine()
    made.join(create_token(people.owner, "t", tags=["arm"]).token)
    return made


def test_the_end_of_the_output_comes_with_the_final_word(machine: Machine, job: Job) -> None:
    found = begun(machine)
    rest = {"start": 0, "data": base64.b64encode(b"hello\n").decode()}
    said: dict[str, Any] = {"log": {"bytes": 6, "crc32": zlib.crc32(b"hello\n")}, "output": rest}
    assert machine.status(found, "completed", **said).status_code == 200
    assert machine.status(found, "completed", **said).status_code == 200
    assert b"".join(read_log(job.pk)) == b"hello\n"


def another(job: Job) -> Job:
    return Job.objects.create(run=job.run, role="testing", step="testing.noop", runs_on=["arm"], attempt=2)


def test_who_takes_more_is_offered_it_with_the_answer_to_the_final_word(machine: Machine, job: Job) -> None:
    found, waiting = begun(machine), another(job)
    (offer,) = machine.status(found, "completed", next=1).json()["jobs"]
    assert (offer["id"], offer["acknowledge_within_s"]) == (waiting.pk, 10)
    assert machine.status(offer, "running").status_code == 200
    assert "jobs" not in machine.status(offer, "completed", next=1).json()


def test_who_does_not_say_so_is_not_nor_who_is_held_nor_before_the_output_is_whole(machine: Machine, job: Job) -> None:
    found = begun(machine)
    another(job)
    early = machine.status(found, "completed", next=1, log={"bytes": 3, "crc32": 0})
    assert (early.status_code, early.json()) == (202, {"recorded": False})
    assert machine.status(found, "completed").json() == {"recorded": True}
    pause_agent(Agent.objects.get(), None)
    assert machine.status(found, "completed", next=1).json() == {"recorded": True}


def test_an_offer_whose_answer_was_lost_is_open_for_its_time_and_then_offered_again(machine: Machine, job: Job) -> None:
    found, waiting = begun(machine), another(job)
    machine.status(found, "completed", next=1)
    assert "jobs" not in machine.status(found, "completed", next=1).json()
    Assignment.objects.filter(job=waiting).update(expires_at=clock.now())
    (offer,) = machine.status(found, "completed", next=1).json()["jobs"]
    assert (offer["id"], Assignment.objects.get(job=waiting).offers) == (waiting.pk, 2)


def test_a_lease_that_is_lost_gets_nothing(machine: Machine, job: Job) -> None:
    found = begun(machine)
    another(job)
    assert machine.status({**found, "lease": "0" * 32}, "completed", next=1).status_code == 409
    assert Assignment.objects.count() == 1


@pytest.mark.parametrize("rest", [{"start": 0, "data": "?"}, {"start": -1, "data": ""}, {"data": ""}, "all"])
def test_a_rest_that_is_none_is_refused_and_ends_nothing(machine: Machine, job: Job, rest: Any) -> None:
    found = begun(machine)
    assert machine.status(found, "completed", output=rest).status_code == 422
    job.refresh_from_db()
    assert job.status == "running"


def test_a_token_for_a_process_that_goes_on_ends_nothing_and_one_for_a_new_one_does(people: People, job: Job) -> None:
    machine = Machine()
    joined = machine.join(create_token(people.owner, "t", tags=["arm"]).token)
    said = {"agent_id": joined["agent_id"], "credential": joined["credential"]}
    begun(machine)
    for holds_nothing, status in ((False, "running"), (True, "failed")):
        assert machine.call("POST", "/agent/token", {**said, "holds_nothing": holds_nothing}).status_code == 200
        job.refresh_from_db()
        assert job.status == status
    assert job.reason == "lost"


@pytest.mark.parametrize("passed_on", [{}, {"X_Forwarded_For": "10.0.0.7"}, {"Via": "1.1 caddy"}])
def test_a_line_that_breaks_is_a_hint_only_where_it_is_the_agents_own(
    machine: Machine, job: Job, passed_on: dict[str, str]
) -> None:
    found = begun(machine)
    leases = [{"job": found["id"], "lease": found["lease"]}]
    held = machine.call("POST", "/agent/heartbeat", {"leases": leases, "wait": 2}, **passed_on)
    assert isinstance(held, Later)
    assert (held.gone is None) == bool(passed_on)
