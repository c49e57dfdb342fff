"""A pipeline whose code is made by commands on an agent: a real `hive up`, a real agent, and what kills either."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.flows.agents.farm import Farm
from tests.flows.real import faults
from tests.flows.real.evidence import check_ended_right
from tests.flows.real.faults import Trap
from tests.flows.real.hive import Hive, running, until

pytestmark = pytest.mark.flow
STEPS = ("manager.plan", "coding.pack", "coding.on_agent", "coding.code")


@pytest.fixture(scope="module")
def hive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hive]:
    home = tmp_path_factory.mktemp("agents") / "home"
    with running(home, "trapped", HIVE_SANDBOX="process") as hive:
        yield hive


def made_by(*commands: str) -> dict[str, Any]:
    """A page that commands make on an agent; it is tested there too."""
    page = {"type": "file", "path": "page.in", "content": "<h1>Draft</h1>"}
    roles = {"coding": ["gpu"], "testing": ["gpu"]}
    tests = [{"run": "grep -q Hello index.html"}]
    return {"commands": list(commands), "inputs": [page], "runs_on": roles, "tests": tests}


PAGE = "sed s/Draft/Hello/ page.in > index.html"


def test_a_page_is_made_and_tested_on_an_agent_and_deployed(farm: Farm) -> None:
    run_id = farm.start("", **made_by(PAGE, "rm page.in"))
    assert farm.until(run_id, "coding.on_agent", "queued")["waits"].startswith("For an agent with the tags gpu")
    farm.agent("one")
    check_ended_right(farm.hive, run_id)
    run, jobs = farm.hive.get(f"runs/{run_id}"), farm.hive.all(f"runs/{run_id}/jobs")
    assert "Hello" in httpx.get(run["release"]["url"], trust_env=False).text
    assert tuple(job["step"] for job in jobs[:4]) == STEPS
    assert [job["agent"] for job in jobs if job["step"].endswith("on_agent")] == ["one", "one"]
    (code,) = farm.jobs(run_id, "coding.code")
    assert (code["outcome"]["summary"], code["outcome"]["commit"]) == ("On one: 2 commands ran.", run["commit"])


def test_an_agent_that_is_killed_between_its_commands_is_replaced_and_the_work_is_made_once(
    farm: Farm, tmp_path: Path
) -> None:
    go, began = tmp_path / "go", tmp_path / "began"
    first = farm.agent("first")
    run_id = farm.start("", **made_by(f"touch {began}; until test -e {go}; do sleep 0.05; done", PAGE))
    until(began.exists, 120, lambda: f"it does not begin: {farm.hive.all(f'runs/{run_id}/jobs')}")
    first.send_signal(signal.SIGKILL)
    go.touch()
    farm.agent("second")
    check_ended_right(farm.hive, run_id)
    told = [(job["agent"], job["status"], job["reason"]) for job in farm.jobs(run_id, "coding.on_agent")]
    assert told == [("first", "failed", "lost"), ("second", "completed", "")]


@pytest.mark.parametrize(
    ("moment", "step", "who"),
    [
        ("after finish", "coding.pack", "worker"),  # between the pack and the agent's job
        ("within the final word", "coding.on_agent", "web"),
        ("before finish", "coding.code", "worker"),  # the tree is taken back and committed, and nobody was told
    ],
)
def test_whoever_is_killed_on_the_way_the_commands_run_once_and_the_work_is_there(
    farm: Farm, tmp_path: Path, moment: str, step: str, who: str
) -> None:
    ran = tmp_path / "ran"
    faults.arm(farm.hive.home, Trap(moment, step, who))
    farm.agent("one")
    run_id = farm.start("", **made_by(f"echo once >> {ran}", PAGE))
    check_ended_right(farm.hive, run_id)
    assert not faults.is_armed(farm.hive.home)
    assert ran.read_text() == "once\n"
