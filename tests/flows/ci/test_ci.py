"""A pipeline sends its checkout to a real Hive, a real agent runs it: from a shell, and by the steps of the Action."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests import busy
from tests.flows.real.hive import QUICK, ROOT, Hive, running, until
from tests.unit.hive.ci.runner import Runner

pytestmark = pytest.mark.flow
NOTICED_S = float(QUICK["HIVE_LEASE_S"]) + float(QUICK["HIVE_SWEEP_S"])
BARE = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
REPORT = (
    '<testsuite><testcase classname="t" name="good"/><testcase classname="t" name="bad" file="tests/t.py" line="3">'
    '<failure message="not 4"/></testcase></testsuite>'
)
FAILS = """
name: Told in full
commands:
  - ls -A1 . kept
  - 'echo began; until test -e {go}; do sleep 0.05; done; mkdir dist; cp report.xml dist/app.txt'
  - '{ends}'
artifacts: [dist/**]
{more}
runs_on: [arm]
"""


@dataclass(frozen=True)
class Farm:
    """A Hive with one agent, and a key that opens one project."""

    hive: Hive
    key: str
    agent: subprocess.Popen[str]


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    folder = tmp_path_factory.mktemp("farm")
    with running(folder / "home") as hive:
        hive.post("projects", {"slug": "site"})
        home = {**BARE, "HIVE_HOME": str(hive.home)}
        scopes = ("--scope", "jobs:create,jobs:read,jobs:cancel")
        key = json.loads(verb("token", "create", "--project", "site", *scopes, "--json", **home))["key"]
        token = json.loads(verb("agent", "token", "--tags", "arm", "--json", **home))["token"]
        told = {"server": hive.url, "token": token, "home": str(folder / "a"), "sandbox": "process", "min_free_mb": "1"}
        environ = BARE | {f"HIVE_AGENT_{name.upper()}": value for name, value in told.items()}
        with (folder / "agent.log").open("ab") as log, begin("agent", "run", output=log, **environ) as agent:
            yield Farm(hive, key, agent)
            agent.terminate()
            assert agent.wait(30) == 0


def begin(*words: str, output: object = subprocess.PIPE, **environ: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", "from hive.cli.main import run; run()", *words]
    return subprocess.Popen(command, cwd=ROOT, env=environ, stdout=output, stderr=output, text=True)  # type: ignore[call-overload]


def verb(*words: str, **environ: str) -> str:
    """What it prints."""
    process = begin(*words, **environ)
    printed, complaint = process.communicate(timeout=60)
    assert process.returncode == 0, complaint
    return str(printed)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder of which not everything is to be sent."""
    folder = tmp_path / "checkout"
    (folder / "kept").mkdir(parents=True)
    for name in ("app.txt", "notes.log", "secret.env", "kept/in.txt", "kept/out.tmp"):
        (folder / name).write_text(f"{name}\n")
    (folder / "report.xml").write_text(REPORT)
    (folder / ".gitignore").write_text("*.log\n*.tmp\n")
    (folder / ".hiveignore").write_text("secret.env\n")
    return folder


def write_job(checkout: Path, go: Path, ends: str, more: str = "") -> Path:
    file = checkout / ".hive-ci.yaml"
    file.write_text(FAILS.format(go=go, ends=ends, more=more))
    return file


def test_a_shell_sends_follows_live_fetches_and_exits_with_the_jobs_code(
    farm: Farm, checkout: Path, tmp_path: Path
) -> None:
    go, out = tmp_path / "go", tmp_path / "out"
    file = write_job(checkout, go, "exit 7")
    words = ("ci", "submit", str(file), "--package", str(checkout), "--follow", "--artifacts", str(out))
    with begin(*words, **BARE, HIVE_URL=farm.hive.url, HIVE_API_KEY=farm.key) as process:
        seen: list[str] = []
        assert process.stdout is not None
        while not seen or seen[-1] != "began\n":  # the job cannot end before this line has been shown
            seen.append(process.stdout.readline())
            assert seen[-1], (seen, process.stderr and process.stderr.read())
        go.touch()
        rest, said = process.communicate(timeout=90)
    assert process.returncode == 7, said
    assert "$ exit 7" in rest
    sent = [line for line in "".join(seen).splitlines() if line in listing(checkout)]
    assert sent == [".gitignore", ".hive-ci.yaml", ".hiveignore", "app.txt", "kept", "report.xml", "in.txt"]
    assert [(path.name, path.read_text()) for path in out.rglob("*.*")] == [("app.txt", REPORT)]


def listing(checkout: Path) -> set[str]:
    return {path.name for path in checkout.rglob("*")}


def test_a_key_for_one_project_sends_nothing_to_another(farm: Farm, checkout: Path, tmp_path: Path) -> None:
    file = write_job(checkout, tmp_path, "true")
    farm.hive.post("projects", {"slug": "other"})
    words = ("ci", "submit", str(file), "--project", "other")
    with begin(*words, **BARE, HIVE_URL=farm.hive.url, HIVE_API_KEY=farm.key) as process:
        _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (2, "hive: This key is for one project only, which is not this one.\n")
    assert farm.hive.get("runs", project="other")["results"] == []


def test_the_actions_own_steps_do_the_same_on_a_runner(farm: Farm, checkout: Path, tmp_path: Path) -> None:
    (go := tmp_path / "go").touch()
    write_job(checkout, go, "exit 1", "junit: [report.xml]")
    runner = Runner(tmp_path, farm.hive.url)
    code, said = runner.run(key=farm.key, artifacts="out")
    outputs = runner.outputs()
    assert (code, outputs["status"], outputs["reason"]) == (1, "failed", "tests_failed"), said
    assert (outputs["tests_passed"], outputs["tests_failed"]) == ("1", "1")
    assert "::error title=t.bad,file=tests/t.py,line=3::not 4" in said
    assert "1 passed, 1 failed" in (tmp_path / "summary").read_text()
    assert (checkout / "out/dist/app.txt").read_text() == REPORT


def test_a_runner_that_killed_the_step_cancels_the_real_job_by_the_next_one(
    farm: Farm, checkout: Path, tmp_path: Path
) -> None:
    write_job(checkout, tmp_path / "never", "true")
    runner = Runner(tmp_path, farm.hive.url)
    with runner.start(key=farm.key) as process:
        assert process.stdout is not None
        while (line := process.stdout.readline()) != "began\n":
            assert line
        process.kill()
    code, said = runner.run(1, key=farm.key)
    assert code == 0, said
    job = int(runner.outputs()["id"])
    until(lambda: farm.hive.get(f"ci/jobs/{job}/status")["status"] == "canceled", 60, lambda: f"CI job {job} goes on")


def test_an_agent_that_stands_still_is_noticed_in_time_and_its_job_is_done_once_more(
    farm: Farm, checkout: Path, tmp_path: Path
) -> None:
    """SIGSTOP: it holds its connections, and says nothing. With the usual settings it takes five times as long."""
    go = tmp_path / "go"
    text = write_job(checkout, go, "true").read_text().replace("ls -A1 . kept", "touch report.xml")
    run_id = farm.hive.post("ci/jobs", {"job": text, "project": "site"})["id"]

    def jobs(status: str) -> list[Any]:
        return [job for job in farm.hive.all(f"runs/{run_id}/jobs") if job["status"] == status]

    until(lambda: jobs("running"), 60, lambda: "the job does not begin")
    farm.agent.send_signal(signal.SIGSTOP)
    stopped_at = time.monotonic()
    try:
        lost = until(lambda: jobs("failed"), 60, lambda: "nobody notices")
        took_s = time.monotonic() - stopped_at
    finally:
        farm.agent.send_signal(signal.SIGCONT)
    go.touch()
    assert [job["reason"] for job in lost] == ["lost"]
    assert farm.hive.wait(run_id)["status"] == "completed"
    assert [job["attempt"] for job in farm.hive.all(f"runs/{run_id}/jobs")] == [1, 2]
    assert took_s < busy.allowed(NOTICED_S + 2)
