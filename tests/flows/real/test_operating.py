"""An operator holds a queue and a worker of a real Hive by the `hive` command, and everything is killed meanwhile."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.flows.real.hive import ROOT, Hive, running, until
from tests.servers.rabbitmq import rabbitmq

pytestmark = pytest.mark.flow
ROLES = ("manager", "coding", "testing", "deployment", "monitoring")


@pytest.fixture(scope="module")
def hive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hive]:
    with running(tmp_path_factory.mktemp("operating") / "home") as found:
        yield found


@pytest.fixture(scope="module")
def hive_on_rabbitmq(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hive]:
    home = tmp_path_factory.mktemp("rabbit") / "home"
    with rabbitmq() as server, running(home, HIVE_BROKER_URL=server.url()) as found:
        yield found


def verb(hive: Hive, *arguments: str) -> str:
    """What `hive …` prints."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("HIVE_", "DJANGO_"))}
    command = [sys.executable, "-c", "from hive.cli.main import run; run()", *arguments]
    done = subprocess.run(
        command, cwd=ROOT, env={**environ, "HIVE_HOME": str(hive.home)}, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def steps(hive: Hive, run: int) -> dict[str, str]:
    return {job["step"].partition(".")[0]: job["status"] for job in hive.all(f"runs/{run}/jobs")}


def waits_at(hive: Hive, run: int, role: str) -> None:
    """The run has come to this role, and does not go on although time passes."""
    due = dict.fromkeys(ROLES[: ROLES.index(role)], "completed")
    until(
        lambda: due.items() <= steps(hive, run).items(), 30, lambda: f"it does not come to {role}: {steps(hive, run)}"
    )
    time.sleep(3)
    assert steps(hive, run)[role] == "queued"


def workers(hive: Hive) -> dict[str, Any]:
    return {one["name"].partition("@")[0]: one for one in json.loads(verb(hive, "worker", "list", "--json"))["workers"]}


def test_a_paused_queue_outlives_the_death_of_every_process(hive: Hive) -> None:
    verb(hive, "queue", "pause", "testing", "--reason", "A test")
    run = hive.start(workflow="noop")
    waits_at(hive, run, "testing")
    for child in ("valkey", "build", "steady", "beat", "web"):
        hive.kill(child)
    waits_at(hive, run, "testing")
    assert "paused since" in verb(hive, "queue", "list")
    assert "1 waited" in verb(hive, "queue", "resume", "testing")
    assert hive.wait(run)["status"] == "completed"
    assert [job["attempt"] for job in hive.all(f"runs/{run}/jobs")] == [1] * 5


@pytest.mark.parametrize("broker", ["hive", "hive_on_rabbitmq"])
def test_a_drained_worker_takes_nothing_also_after_its_death(broker: str, request: pytest.FixtureRequest) -> None:
    hive: Hive = request.getfixturevalue(broker)
    until(lambda: "build" in workers(hive), 30, lambda: "no worker is seen")
    name = workers(hive)["build"]["name"]
    verb(hive, "worker", "drain", name, "--wait")
    run = hive.start(workflow="noop")
    waits_at(hive, run, "coding")
    pid = workers(hive)["build"]["pid"]
    hive.kill("build")
    until(lambda: workers(hive)["build"]["pid"] != pid, 30, lambda: "it is not started again")
    waits_at(hive, run, "coding")
    assert workers(hive)["build"]["state"] == "drained"
    verb(hive, "worker", "resume", name)
    assert hive.wait(run)["status"] == "completed"


def test_many_are_canceled_and_retried(hive: Hive) -> None:
    verb(hive, "queue", "pause", "coding")
    started = [hive.start(workflow="noop") for _ in range(3)]
    told = verb(hive, "cancel", "--all")
    assert all(f"Run {run}: It is being canceled." in told for run in started)
    assert {hive.wait(run)["status"] for run in started} == {"canceled"}
    verb(hive, "queue", "resume", "coding")
    again = verb(hive, "retry", *map(str, started[:2]))
    made = [int(line.rpartition(" ")[2].rstrip(".")) for line in again.splitlines()]
    assert [hive.wait(run)["status"] for run in made] == ["completed"] * 2
    assert verb(hive, "retry", "--failed") == ""
    assert verb(hive, "prune", "--older-than", "1", "--dry-run").startswith("0 runs would go")
