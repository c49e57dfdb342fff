"""The real opencode in a container of the real engine, through the whole pipeline, with a scripted provider."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.flows.real.evidence import check_ended_right
from tests.flows.real.hive import running, until
from tests.flows.real.scripted_models import Model, World, await_snapshot, job_of, kept_turns, settings_for
from tests.flows.real.test_docker_sandbox import installation_of, mine
from tests.flows.real.test_opencode import run
from tests.providers import KEY, calls, says, scripted
from tests.providers.script import Seen, Talk
from tests.servers import opencode
from tests.servers.docker import engine, require_engine
from workers.sandbox.docker import janitor
from workers.sandbox.docker.engine import Engine

pytestmark = [pytest.mark.flow]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    require_engine()
    model = Model()
    with scripted(model) as provider:
        home = tmp_path_factory.mktemp("inside") / "home"
        settings = settings_for(provider) | {"HIVE_OPENCODE": opencode.program(), "HIVE_SANDBOX": "docker"}
        with running(home, **settings) as hive:
            yield hive, model, provider
        clear(home)


def clear(home: Path) -> None:
    """No job lives: what is left goes, as at the next start, and then what stays for the next job."""
    janitor.sweep(Engine(installation=installation_of(home)), set)
    with engine() as client:
        for name in mine(home):
            client.volumes.get(name).remove()


def test_it_works_in_a_container_and_what_a_killed_worker_left_is_nothing(world: World) -> None:
    """Killed while the model is being asked what comes after the first step; the successor has a container anew."""
    hive, _, provider = world
    there: list[list[str]] = []

    def turns(seen: Seen, done: int) -> Talk:
        if "An earlier attempt was interrupted" in seen.messages[1][1]:
            return says("It was all there.")
        if done == 0:
            look = "echo '<h1>Hello, world</h1>' >index.html; env"
            return calls("bash", command=look, description="Write and look around")
        await_snapshot(hive, "Inside")
        there.append([name for name, status in mine(hive.home).items() if status == "running"])
        hive.kill("build")
        until(lambda: there[0][0] not in running_now(hive.home), 60, lambda: f"still runs: {mine(hive.home)}")
        return says("Never heard.")

    ended = run(world, "Inside", turns)
    check_ended_right(hive, ended["id"])
    assert httpx.get(ended["release"]["url"], trust_env=False).text == "<h1>Hello, world</h1>\n"
    assert [(job["status"], job["reason"]) for job in job_of(hive, ended["id"])] == [
        ("failed", "lost"),
        ("completed", ""),
    ]
    kept = kept_turns(hive, ended["id"])
    assert "HIVE_MODEL_KEY=" in kept
    assert "HOME=/home/job" in kept
    assert KEY not in kept
    assert {seen.key for seen in provider.seen} == {KEY}
    until(lambda: not running_now(hive.home), 60, lambda: f"still runs: {mine(hive.home)}")
    janitor.sweep(Engine(installation=installation_of(hive.home)), set)
    assert [name.startswith("hive-programs-") for name in mine(hive.home)] == [True]


def running_now(home: Path) -> list[str]:
    return [name for name, status in mine(home).items() if status == "running"]
