"""The Docker engine is restarted and killed, with a job in a sandbox of it and a release in a container of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from tests.flows.faults.load import Load
from tests.flows.real.hive import Hive, until
from tests.servers.dockerd import Dockerd, dockerd
from tests.servers.stack import stack

pytestmark = [pytest.mark.flow]

PAGE = {"target": "docker", "directory": ".", "port": 18080}


@dataclass(frozen=True)
class Engines:
    hive: Hive
    engine: Dockerd

    def containers(self, label: str) -> list[str]:
        """Names of those that run."""
        with self.engine.client() as client:
            return [one.name or "" for one in client.containers.list(filters={"label": label}, ignore_removed=True)]


@pytest.fixture(scope="module")
def on_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engines]:
    with (
        dockerd() as engine,
        stack(
            tmp_path_factory.mktemp("engine"), "redis", DOCKER_HOST=engine.url, HIVE_SANDBOX="docker", HIVE_REST_S="4"
        ) as real,
    ):
        yield Engines(real.hive, engine)


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_the_engine_is_restarted(on_engine: Engines, end: str) -> None:
    """The job in its sandbox is tried again, which is no fault of its own; the release comes back as it was."""
    load = Load(on_engine.hive)
    shown = load.begin_site(deploy=PAGE)
    url = on_engine.hive.wait(shown)["release"]["url"]
    tests = [{"run": "echo begun; sleep 4; echo tested"}]
    tested = load.start_site(tests=tests, deploy=PAGE)
    held = load.wait_until_running(tested, "testing.test")
    until(lambda: begun(on_engine.hive, held["id"]), 60, lambda: "its command does not begin")
    getattr(on_engine.engine, end)()
    load.start_noops(2)
    on_engine.engine.start()
    load.start_noops(2)
    until(lambda: answers(url), 60, lambda: f"{url} does not come back")
    load.check()
    ended = on_engine.hive.get(f"jobs/{held['id']}")
    assert (ended["status"], ended["reason"]) == ("failed", "infrastructure"), ended
    assert len(on_engine.containers("hive.release")) == 2
    until(lambda: not on_engine.containers("hive.job"), 30, lambda: f"{on_engine.containers('hive.job')} are left")


def begun(hive: Hive, job_id: int) -> bool:
    return "\nbegun\n" in hive.client.get(f"jobs/{job_id}/log").text


def answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False).text == "<h1>Hello</h1>"
    except httpx.TransportError:
        return False
