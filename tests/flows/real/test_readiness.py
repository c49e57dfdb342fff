"""/readyz with each part really away, and really hanging: it names the part, in time, and notices when it is back."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests import busy
from tests.flows.real.hive import Hive, running, until
from tests.servers.postgres import Postgres, postgres

pytestmark = pytest.mark.flow
IN_TIME_S = 3.0  # two for the look


@dataclass(frozen=True)
class Stage:
    hive: Hive
    database: Postgres

    def ask(self) -> tuple[int, dict[str, Any], float]:
        began_at = time.monotonic()
        response = self.hive.client.get(f"{self.hive.url}/readyz")
        return response.status_code, response.json(), time.monotonic() - began_at

    def expect(self, part: str, *, said: str, status: int = 503) -> None:
        """Soon this part, and no other that is needed, is named as what does not answer; quickly, each time."""

        def named() -> bool:
            found, body, took_s = self.ask()
            assert took_s < busy.allowed(IN_TIME_S), f"/readyz took {took_s:.1f} s"
            wrong = [name for name, seen in body["parts"].items() if seen["needed"] and not seen["ok"]]
            if (found, wrong) != (status, [part]):
                return False
            seen = body["parts"][part]
            return said in seen["message"] and seen["latency_ms"] > 0

        until(named, 40, lambda: f"{part} is not named: {self.ask()}")
        alive = self.hive.client.get(f"{self.hive.url}/healthz", timeout=busy.allowed(2))
        assert (alive.status_code, alive.json()) == (200, {"status": "alive"})

    def expect_ready(self) -> None:
        until(lambda: self.ask()[0] == 200, 60, lambda: f"it does not become ready again: {self.ask()}")


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with (
        postgres() as server,
        running(tmp_path_factory.mktemp("ready") / "home", HIVE_DATABASE_URL=server.create("hive")) as hive,
    ):
        yield Stage(hive, server)


@pytest.fixture
def stopped(stage: Stage) -> Iterator[Callable[[int], None]]:
    """Make a process hang, and let it go on at the end of the test."""
    pids: list[int] = []

    def stop(pid: int) -> None:
        os.kill(pid, signal.SIGSTOP)
        pids.append(pid)

    yield stop
    for pid in pids:
        os.kill(pid, signal.SIGCONT)
    stage.expect_ready()


def test_with_everything_there_it_is_ready(stage: Stage) -> None:
    stage.expect_ready()
    _, body, _ = stage.ask()
    assert list(body["parts"]) == ["database", "broker", "redis", "store"]
    assert all(seen["ok"] and seen["latency_ms"] > 0 and not seen["message"] for seen in body["parts"].values())


def test_a_database_that_is_down(stage: Stage) -> None:
    stage.database.stop()
    try:
        stage.expect("database", said="The database does not answer")
    finally:
        stage.database.start()
    stage.expect_ready()


def test_a_database_that_hangs(stage: Stage, stopped: Callable[[int], None]) -> None:
    """The server's machine takes the connection, and nobody speaks there."""
    assert stage.database._process is not None
    stopped(stage.database._process.pid)
    stage.expect("database", said="no answer within")


def test_a_broker_that_hangs(stage: Stage, stopped: Callable[[int], None]) -> None:
    stopped(stage.hive.pids()["valkey"])
    stage.expect("broker", said="no answer within")


def test_a_broker_that_is_gone(stage: Stage) -> None:
    """Its address leads nowhere for as long as the supervisor takes to start it again; so the socket is taken away."""
    socket = stage.hive.home / "run" / "valkey.sock"
    aside = socket.with_suffix(".aside")
    socket.rename(aside)
    try:
        stage.expect("broker", said="The broker does not answer")
    finally:
        aside.rename(socket)
    stage.expect_ready()


def test_a_store_that_is_gone(stage: Stage) -> None:
    folder = Path(stage.hive.home / "artifacts")
    aside = folder.with_suffix(".aside")
    folder.rename(aside)
    try:
        stage.expect("store", said="The artifact store does not answer")
    finally:
        aside.rename(folder)
    stage.expect_ready()
