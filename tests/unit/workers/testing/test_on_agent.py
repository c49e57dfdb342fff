"""A task's tests on an agent: the same commands on the same tree, and the same evidence as if they had run here."""

from __future__ import annotations

import hashlib
import zlib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from apps.artifacts.store import store
from apps.events import clock
from apps.fleet.models import Agent
from apps.fleet.services.acknowledge import acknowledge
from apps.fleet.services.enrol import Introduction, create_token, register
from apps.fleet.services.offer import Offer, offer_up_to
from apps.fleet.services.receive_log import Piece, receive_log
from apps.fleet.services.report import Said, report
from apps.fleet.services.uploads import Announced, announce, finish_uploads
from apps.runs.models import Job, Run, Sweep, Task
from apps.runs.services.advance import decide_and_prepare
from apps.runs.services.finish import finish
from apps.runs.services.sweep import sweep
from hive.home import Home
from tests.conftest import People
from tests.unit.workers.agent.hands import carry_out
from tests.unit.workers.jobs import held, planned
from workers.coding.write import write
from workers.testing import run_tests
from workers.testing.packing import pack

JUNIT = "mkdir test-results; echo '<testsuite><testcase name=\"a\"/></testsuite>' > test-results/r.xml"
DIFFERS = ("agent", "agent_job", "seconds", "commit")


@pytest.fixture
def agent(people: People) -> Agent:
    token = create_token(people.owner, "t", tags=("gpu",))
    return register(token.token, Introduction("one")).agent


def done(run: Run, step: str, work: Any) -> Any:
    active = held(run, step, run.tasks.get())
    outcome = work(active)
    finish(active, outcome, run.epoch)
    return outcome


def waiting(people: People, *lines: str, **more: Any) -> Run:
    """A run whose code is written and packed, and whose tests wait for an agent."""
    run = planned(people, tests=[{"run": line} for line in lines], runs_on=["gpu"], **more)
    for step, work in (("coding.code", write), ("testing.pack", pack)):
        decide_and_prepare(run.pk)
        run.refresh_from_db()
        done(run, step, work)
    decide_and_prepare(run.pk)
    run.refresh_from_db()
    return run


def does(agent: Agent, run: Run, folder: Path) -> tuple[Offer, Said]:
    """The agent begins, runs all in a sandbox of this machine, and hands in what it has: all but the final word."""
    (one,) = offer_up_to(agent, 1)
    job = acknowledge(agent, one.job_id, one.lease)
    desk, told = carry_out(job, folder)
    receive_log(agent, job.pk, one.lease, Piece(0, desk.printed, is_last=True))
    for name, (kind, data) in desk.kept.items():
        file = Announced(name, kind, len(data), hashlib.sha256(data).hexdigest())
        (wanted,) = announce(agent, job.pk, one.lease, [file])
        store().put([data], wanted.row.store_key)
        finish_uploads(agent, job.pk, one.lease, [wanted.row.pk])
    word = Said(told["reason"], told["message"], told["exit_code"], told["commands"])
    return one, Said(**{**word.__dict__, "log_bytes": len(desk.printed), "log_crc32": zlib.crc32(desk.printed)})


def same(tests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in one.items() if name not in DIFFERS} for one in tests]


def test_it_is_the_same_evidence_as_that_of_a_test_here(
    people: People, home: Home, agent: Agent, tmp_path: Path, settings: Any
) -> None:
    settings.SANDBOX = "process"
    run = waiting(people, JUNIT, "echo no >&2; exit 3")
    one, said = does(agent, run, tmp_path / "a")
    report(agent, one.job_id, one.lease, said)
    decide_and_prepare(run.pk)
    run.refresh_from_db()
    there = done(run, "testing.test", run_tests.test)
    task = run.tasks.get()
    here = run_tests.test(held(run, "testing.test", task, round=9))
    assert same(there.data["tests"]) == same(here.data["tests"])
    assert (there.reason, there.data["fingerprint"]) == (here.reason, here.data["fingerprint"])
    assert {one["agent"] for one in there.data["tests"]} == {"one"}
    assert Task.objects.get().commit == there.data["tests"][0]["commit"]


def test_a_final_word_whose_continuation_got_lost_is_found_by_the_sweep_and_said_twice_counts_once(
    people: People, home: Home, agent: Agent, tmp_path: Path
) -> None:
    """No message goes out here: it is as if the server had died right after the commit."""
    run = waiting(people, "true")
    one, said = does(agent, run, tmp_path / "a")
    assert report(agent, one.job_id, one.lease, said)
    assert report(agent, one.job_id, one.lease, said)
    long_ago = clock.now() - timedelta(hours=1)
    Job.objects.filter(pk=one.job_id).update(finished_at=long_ago)
    Job.objects.update(finished_at=long_ago)
    Run.objects.update(published_at=long_ago, deadline_at=None)
    Sweep.objects.update_or_create(pk=1, defaults={"at": clock.now() - timedelta(seconds=6)})
    assert run.pk in sweep()
    decide_and_prepare(run.pk)
    assert list(run.jobs.filter(step="testing.test").values_list("status", flat=True)) == ["queued"]
    assert run.jobs.get(step="testing.on_agent").status == "completed"


def test_half_of_the_commands_show_nothing_and_are_tried_again(
    people: People, home: Home, agent: Agent, tmp_path: Path
) -> None:
    run = waiting(people, "true", "true")
    one, said = does(agent, run, tmp_path / "a")
    report(agent, one.job_id, one.lease, Said(**{**said.__dict__, "commands": said.commands[:1]}))
    row = run.jobs.get(step="testing.on_agent")
    assert (row.status, row.reason) == ("failed", "infrastructure")
    assert row.message.startswith("It tells of 1 of 2 commands.")
