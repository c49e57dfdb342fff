"""A pipeline whose tests run on agents: a real `hive up`, real agents, and what kills either in the middle."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.flows.real.hive import ROOT, Hive, running, until

pytestmark = pytest.mark.flow
BARE = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
REPORT = '<testsuite><testcase name="good"/></testsuite>'


class Farm:
    """A Hive, and the agents that a test starts: each has the tag gpu and ends with the test."""

    def __init__(self, hive: Hive, token: str, folder: Path) -> None:
        self.hive = hive
        self.token = token
        self.folder = folder
        self.agents: list[subprocess.Popen[bytes]] = []

    def agent(self, name: str) -> subprocess.Popen[bytes]:
        told = {"server": self.hive.url, "token": self.token, "name": name, "home": str(self.folder / name)}
        told |= {"sandbox": "process", "min_free_mb": "1"}
        environ = BARE | {f"HIVE_AGENT_{key.upper()}": value for key, value in told.items()}
        command = [sys.executable, "-c", "from hive.cli.main import run; run()", "agent", "run"]
        with (self.folder / f"{name}.log").open("ab") as log:
            self.agents.append(subprocess.Popen(command, cwd=ROOT, env=environ, stdout=log, stderr=log))
        return self.agents[-1]

    def start(self, test: str, **more: Any) -> int:
        spec = {
            "id": "site",
            "title": "Site",
            "inputs": [{"type": "file", "path": "index.html", "content": "<h1>Hello</h1>"}],
            "outputs": [{"path": "index.html"}],
            "tests": [{"run": f"test -f index.html && {test}", "expect": {"tests": 1}}],
            "acceptance": [{"url": "http://devsite:8080/", "contains": "Hello"}],
            "deploy": {"directory": "."},
            "runs_on": ["gpu"],
        }
        return self.hive.start(spec={**spec, **more})

    def jobs(self, run_id: int, step: str, status: str = "") -> list[Any]:
        jobs = [job for job in self.hive.all(f"runs/{run_id}/jobs") if job["step"] == step]
        return [job for job in jobs if status in ("", job["status"])]

    def until(self, run_id: int, step: str, status: str) -> Any:
        found = until(
            lambda: self.jobs(run_id, step, status),
            120,
            lambda: f"no {step} {status}: {self.hive.all(f'runs/{run_id}/jobs')}",
        )
        return found[0]


@pytest.fixture(scope="module")
def hive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hive]:
    with running(tmp_path_factory.mktemp("agents") / "home") as hive:
        yield hive


@pytest.fixture(scope="module")
def token(hive: Hive) -> str:
    words = ("agent", "token", "--tags", "gpu", "--most", "50", "--json")
    command = [sys.executable, "-c", "from hive.cli.main import run; run()", *words]
    environ = {**BARE, "HIVE_HOME": str(hive.home)}
    done = subprocess.run(command, env=environ, cwd=ROOT, capture_output=True, check=True)
    return str(json.loads(done.stdout)["token"])


@pytest.fixture
def farm(hive: Hive, token: str, tmp_path: Path) -> Iterator[Farm]:
    found = Farm(hive, token, tmp_path)
    yield found
    for agent in found.agents:
        agent.kill()
        agent.wait(30)


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
