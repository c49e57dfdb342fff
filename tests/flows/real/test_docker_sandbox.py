"""Jobs in containers: a whole run, and what a killed worker leaves on the engine."""

from __future__ import annotations

import hashlib
import hmac
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from hive.home import Home
from tests.flows.real.hive import ROOT, Hive, running, until
from tests.servers.docker import engine, require_engine

pytestmark = [pytest.mark.flow]
LONG = """
id: takes-long
title: Takes long
tasks:
  - id: site
    engine: template
    inputs: [{type: file, path: /workspace/site/index.html, content: hello}]
    tests: [{run: "echo begun; sleep 300"}]
    constraints: {sandbox: docker}
"""


@pytest.fixture(autouse=True)
def docker() -> None:
    require_engine()


@pytest.fixture(scope="module")
def hive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hive]:
    require_engine()
    with running(tmp_path_factory.mktemp("docker") / "home", HIVE_SANDBOX="docker") as hive:
        yield hive


def installation_of(home: Path) -> str:
    return hmac.new(Home(home).read_secret_key().encode(), b"installation", hashlib.sha256).hexdigest()[:16]


def mine(home: Path) -> dict[str, Any]:
    """What this Hive made on the engine: status of containers, by name."""
    filters = {"label": f"hive.home={installation_of(home)}"}
    with engine() as client:
        there = {
            each.name: each.status for each in client.containers.list(all=True, filters=filters, ignore_removed=True)
        }
        return there | {each.name: "volume" for each in client.volumes.list(filters=filters)}


def test_the_sample_blog_is_tested_in_a_container_and_becomes_a_site(hive: Hive) -> None:
    spec = (ROOT / "specs" / "create-blog.yaml").read_text()
    with containers_of_jobs() as seen:
        run = hive.wait(hive.start(spec=spec), 240)
    assert run["status"] == "completed", hive.all(f"runs/{run['id']}/jobs")
    assert httpx.get(run["release"]["url"], trust_env=False).status_code == 200
    [tests] = [job for job in hive.all(f"runs/{run['id']}/jobs") if job["step"] == "testing.test"]
    assert tests["id"] in seen
    until(lambda: mine(hive.home) == {}, 60, lambda: f"left on the engine: {mine(hive.home)}")


def test_an_image_that_is_not_allowed_ends_the_job_and_is_not_tried_again(hive: Hive) -> None:
    run = hive.wait(hive.start(spec=LONG.replace("{sandbox: docker}", "{image: evil/image}")))
    assert (run["status"], run["reason"]) == ("failed", "image_missing")
    jobs = [job for job in hive.all(f"runs/{run['id']}/jobs") if job["step"] == "testing.test"]
    assert len(jobs) == 1
    assert mine(hive.home) == {}


def test_a_killed_worker_leaves_nothing_on_the_engine_after_the_next_start(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with running(home, HIVE_JOB_ATTEMPTS="1") as hive:
        run_id = hive.start(spec=LONG)
        until(lambda: "running" in mine(home).values() and begun(hive, run_id), 120, lambda: f"{mine(home)}")
        hive.kill("build")
        until(lambda: "running" not in mine(home).values(), 60, lambda: f"still runs: {mine(home)}")
        assert hive.wait(run_id)["status"] == "failed"
        assert mine(home)
    with running(home):
        assert mine(home) == {}


@contextmanager
def containers_of_jobs() -> Iterator[set[int]]:
    """The jobs for which containers are made meanwhile, by their labels. The engine remembers few events: listen."""
    seen: set[int] = set()
    with engine() as client:
        events = client.events(filters={"event": "create", "label": "hive.job"}, decode=True)

        def listen() -> None:
            for each in events:
                seen.add(int(each["Actor"]["Attributes"].get("hive.job", 0)))

        listener = threading.Thread(target=listen, daemon=True)
        listener.start()
        yield seen
        events.close()
        listener.join(10)


def begun(hive: Hive, run_id: int) -> bool:
    return any(job["step"] == "testing.test" and job["status"] == "running" for job in hive.all(f"runs/{run_id}/jobs"))
