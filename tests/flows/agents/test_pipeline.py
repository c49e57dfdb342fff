"""A pipeline whose tests run on agents: a real `hive up`, real agents, and what kills either in the middle."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import yaml

from tests.flows.agents.farm import SPEC as SITE
from tests.flows.agents.farm import Farm, spec, verb
from tests.flows.real import faults
from tests.flows.real.evidence import check_ended_right
from tests.flows.real.faults import Trap
from tests.flows.real.greeter import BY_NAME, SPEC, greeter
from tests.flows.real.hive import Hive, running, until
from tests.flows.real.scripted_models import settings_for
from tests.providers import scripted

pytestmark = pytest.mark.flow
REPORT = '<testsuite><testcase name="good"/></testsuite>'


@pytest.fixture(scope="module")
def hive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hive]:
    home = tmp_path_factory.mktemp("agents") / "home"
    with scripted(greeter) as provider:
        settings = {**settings_for(provider), "HIVE_SANDBOX": "process"}
        with running(home, "trapped", **settings) as hive:
            yield hive


def passes(*, when: Path) -> str:
    """A shell line that fails the first time, and writes a report and passes the second."""
    report = f"mkdir -p test-results && echo '{REPORT}' > test-results/a.xml && echo fine"
    return f"if test -e {when}; then {report}; else touch {when}; echo not yet; exit 3; fi"


def test_tests_on_an_agent_fail_once_are_repaired_pass_and_are_deployed(farm: Farm, tmp_path: Path) -> None:
    run_id = farm.start(passes(when=tmp_path / "once"))
    waiting = farm.until(run_id, "testing.on_agent", "queued")
    assert waiting["waits"].startswith("For an agent with the tags gpu")
    farm.agent("one")
    run = farm.hive.wait(run_id)
    assert (run["status"], run["message"]) == ("completed", ""), farm.hive.all(f"runs/{run_id}/jobs")
    assert "Hello" in httpx.get(run["release"]["url"], trust_env=False).text
    tested = farm.jobs(run_id, "testing.test")
    assert [(job["round"], job["status"]) for job in tested] == [(1, "failed"), (2, "completed")]
    assert [job["agent"] for job in farm.jobs(run_id, "testing.on_agent")] == ["one", "one"]
    red, green = (job["outcome"]["tests"][0] for job in tested)
    assert (red["exit_code"], red["reason"], red["agent"]) == (3, "tests_failed", "one")
    assert red["end"].endswith("not yet\n")
    assert (green["counts"]["passed"], green["commit"]) == (1, run["commit"])
    names = {one["name"] for one in farm.hive.all(f"runs/{run_id}/artifacts")}
    assert {"tests.json", "reports-1.tar"} <= names


def test_an_agent_that_is_killed_in_mid_test_is_replaced_by_another(farm: Farm, tmp_path: Path) -> None:
    go, began = tmp_path / "go", tmp_path / "began"
    (once := tmp_path / "once").touch()
    first = farm.agent("first")
    run_id = farm.start(f"touch {began}; until test -e {go}; do sleep 0.05; done; {passes(when=once)}")
    until(began.exists, 120, lambda: f"it does not begin: {farm.hive.all(f'runs/{run_id}/jobs')}")
    first.send_signal(signal.SIGKILL)
    go.touch()
    farm.agent("second")
    run = farm.hive.wait(run_id)
    told = [(job["agent"], job["status"], job["reason"]) for job in farm.jobs(run_id, "testing.on_agent")]
    assert (run["status"], told) == ("completed", [("first", "failed", "lost"), ("second", "completed", "")])
    assert farm.jobs(run_id, "testing.test")[0]["outcome"]["tests"][0]["agent"] == "second"


def test_a_canceled_run_ends_its_test_on_the_agent(farm: Farm, tmp_path: Path) -> None:
    (began := tmp_path / "began").unlink(missing_ok=True)
    farm.agent("one")
    run_id = farm.start(f"touch {began}; sleep 300")
    until(began.exists, 120, lambda: f"it does not begin: {farm.hive.all(f'runs/{run_id}/jobs')}")
    farm.hive.post(f"runs/{run_id}/cancel")
    assert farm.hive.wait(run_id)["reason"] == "canceled_by_user"
    assert farm.until(run_id, "testing.on_agent", "canceled")["agent"] == "one"


@pytest.mark.parametrize("moment", faults.OF_AGENTS)
def test_a_server_that_is_killed_at_the_final_word_loses_nothing_and_repeats_nothing(
    farm: Farm, tmp_path: Path, moment: str
) -> None:
    """The run of the commands is the agent's; what is lost is the server's word to go on."""
    ran = tmp_path / "ran"
    faults.arm(farm.hive.home, Trap(moment, "testing.on_agent", "web"))
    farm.agent("one")
    run_id = farm.start(f"echo once >> {ran}; echo printed; {passes(when=Path('/'))}")
    check_ended_right(farm.hive, run_id)
    assert not faults.is_armed(farm.hive.home)
    assert ran.read_text() == "once\n"
    assert [(job["step"], job["status"]) for job in farm.hive.all(f"runs/{run_id}/jobs")] == [
        *((step, "completed") for step in ("manager.plan", "coding.code", "testing.pack", "testing.on_agent")),
        *((step, "completed") for step in ("testing.test", "deployment.deploy", "monitoring.accept")),
    ]
    (done,) = farm.jobs(run_id, "testing.on_agent")
    assert farm.hive.client.get(f"jobs/{done['id']}/log").text.count("\nprinted\n") == 1


def test_requirements_and_merged_work_are_tested_on_agents_too(farm: Farm) -> None:
    """A model writes tests that are red on the agent, which repairs the code; then both tasks' work is merged."""
    farm.agent("one")
    told = yaml.safe_load(SPEC)
    asked = {name: told[name] for name in ("id", "description", "requirements", "outputs", "tests", "constraints")}
    page = {
        "id": "page",
        **{name: SITE[name] for name in ("inputs", "outputs")},
        "tests": [{"run": "test -s index.html"}],
    }
    tasks = [{**asked, "engine": "model"}, {**page, "engine": "template"}]
    run_id = farm.hive.start(spec={"id": "both", "title": "Both", "tasks": tasks, "runs_on": ["gpu"]})
    check_ended_right(farm.hive, run_id)
    there = farm.jobs(run_id, "testing.on_agent") + farm.jobs(run_id, "testing.merged_on_agent")
    assert sorted((job["step"].partition(".")[2], job["task"], job["round"], job["agent"]) for job in there) == [
        ("merged_on_agent", "greeter", 2, "one"),
        ("merged_on_agent", "page", 1, "one"),
        ("on_agent", "greeter", 1, "one"),
        ("on_agent", "greeter", 2, "one"),
        ("on_agent", "page", 1, "one"),
    ]
    (red,) = farm.jobs(run_id, "testing.test", "failed")
    assert red["message"].startswith("r2: ")
    (verified,) = farm.jobs(run_id, "testing.verify")
    seen = verified["outcome"]["tests"]
    assert {one["agent"] for one in seen} == {"one"}
    assert {one["commit"] for one in seen} == {farm.hive.get(f"runs/{run_id}")["commit"]}
    assert BY_NAME in {one.get("text") for one in seen}
    assert {one["task"] for one in seen} == {"greeter", "page"}


def test_what_is_asked_for_counts_before_the_spec_and_a_paused_queue_gives_agents_nothing(
    farm: Farm, tmp_path: Path
) -> None:
    (file := tmp_path / "spec.json").write_text(json.dumps(spec(passes(when=Path("/")), runs_on=["nobody"])))
    run_id = verb(farm.hive, "run", str(file), "--runs-on", "gpu")["id"]
    assert farm.until(run_id, "testing.on_agent", "queued")["waits"].startswith("For an agent with the tags gpu")
    farm.hive.post("admin/queues/testing/pause", {"reason": "A test"})
    farm.agent("one")
    until(lambda: _is_heard_of(farm, "one"), 60, lambda: "the agent does not join")
    time.sleep(1.5)  # a sweep, and some looks of the agent
    assert farm.until(run_id, "testing.on_agent", "queued")["waits"] == "An operator has paused the queue testing."
    farm.hive.post("admin/queues/testing/resume")
    check_ended_right(farm.hive, run_id)
    assert [job["agent"] for job in farm.jobs(run_id, "testing.on_agent")] == ["one"]


def _is_heard_of(farm: Farm, name: str) -> bool:
    return name in {agent["name"] for agent in farm.hive.all("admin/agents")}
