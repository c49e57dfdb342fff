"""Several machines: one that is cut off and comes back, one whose clock is wrong."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.flows.faults.load import Load
from tests.flows.faults.processes import Extra, drained, worker
from tests.flows.real.evidence import SPEC, all_events
from tests.flows.real.hive import ROOT, until
from tests.servers.machine import Machine, machine
from tests.servers.stack import Stack

pytestmark = [pytest.mark.flow]

LEASE_S = 6.0
AHEAD_S = 90
SLEEPING = Path(__file__).with_name("sleeping")


@pytest.fixture
def other() -> Iterator[Machine]:
    with machine() as found:
        yield found


def test_a_machine_that_was_cut_off_for_longer_than_its_lease_changes_nothing_when_it_is_back(
    on_redis: Stack, load: Load, other: Machine, tmp_path: Path
) -> None:
    """Its job's command goes on while it is cut off, ends before it is back, and is then to be recorded."""
    hive, go = on_redis.hive, tmp_path / "go"
    tests = [{"run": f"until test -e {go}; do sleep 0.1; done; echo tested; test -f index.html"}]
    with far_worker(on_redis, other, tmp_path / "log") as far:
        with drained(hive, "build"):
            run_id = load.start_site(tests=tests)
            held = load.wait_until_running(run_id, "testing.test")
            assert "/far/" in held["worker"]
            other.cut()
        until(lambda: hive.get(f"jobs/{held['id']}")["status"] == "failed", 60, lambda: "the lease does not run out")
        before = trace(on_redis, held)
        again = load.wait_until_running(run_id, "testing.test")
        assert (again["attempt"], "/build/" in again["worker"]) == (2, True)
        go.touch()
        other.mend()
        lost = f"job={held['id']} the lease was lost; nothing was recorded"
        until(lambda: lost in far.said, 90, lambda: far.said)
        with drained(hive, "build"):
            load.start_noops(2)  # it is back, and of use
            hive.wait(load.noops[-1])
        load.check()
    assert before["job"]["reason"] == "lost"
    until(lambda: trace(on_redis, held) == before, 20, lambda: f"{before} became {trace(on_redis, held)}")


@contextmanager
def far_worker(stack: Stack, other: Machine, log: Path) -> Iterator[Extra]:
    """A worker on the other machine, which reaches all servers over its one cable."""
    database, broker, store = (other.forward(each.port) for each in (stack.database, stack.broker, stack.store))
    addresses = {
        "HIVE_DATABASE_URL": f"postgresql://hive@{other.host}:{database}/hive",
        "HIVE_BROKER_URL": f"redis://{other.host}:{broker}/0",
        "HIVE_REDIS_URL": f"redis://{other.host}:{broker}/1",
        "HIVE_STORE_URL": stack.settings["HIVE_STORE_URL"].replace(
            f"127.0.0.1:{stack.store.port}", f"{other.host}:{store}"
        ),
    }
    with worker(stack, log, "far", "coding,testing", other.prefix, **addresses) as far:
        yield far


def trace(stack: Stack, held: dict[str, Any]) -> dict[str, Any]:
    """All that a job has left behind, apart from its output's way into the store."""
    job = stack.hive.get(f"jobs/{held['id']}")
    return {
        "job": job,
        "log": stack.hive.client.get(f"jobs/{job['id']}/log").text,
        "events": [event for event in all_events(stack.hive, job["run"]) if event["job"] == job["id"]],
        "files": [key for key in stack.store.keys("artifacts") if f"/jobs/{job['id']}/" in key],
    }


def test_a_worker_whose_clock_is_ahead_takes_no_job_away_and_keeps_none_for_longer(
    on_redis: Stack, load: Load, tmp_path: Path
) -> None:
    hive = on_redis.hive
    with (
        worker_ahead(on_redis, tmp_path / "log", "manager,deployment,monitoring"),
        drained(hive, "steady"),  # whatever sweeps now, its clock is ahead
    ):
        load.start_noops(3)
        run_id = load.start_site(lasts_s=LEASE_S + 2, deploy={**SPEC["deploy"], "build": f"sleep {LEASE_S + 2}"})
        held = load.wait_until_running(run_id, "testing.test")
        assert "/build/" in held["worker"]
        swept = last_sweep(on_redis)
        until(lambda: last_sweep(on_redis) > swept, 60, lambda: "nobody sweeps")
        kept = load.wait_until_running(run_id, "deployment.deploy")
        assert "/ahead/" in kept["worker"]
        assert 0 < lease_left_s(on_redis, kept["id"]) <= LEASE_S
        load.check()
        assert last_sweep(on_redis) < datetime.now(UTC) + timedelta(seconds=5)
    for each in (run_id, *load.noops):
        assert load.attempts(each) == {1}
        times = [datetime.fromisoformat(event["at"]) for event in all_events(hive, each)]
        assert max(times) < datetime.now(UTC) + timedelta(seconds=5)
        assert all(later >= earlier - timedelta(seconds=1) for earlier, later in pairwise(times))


@contextmanager
def worker_ahead(stack: Stack, log: Path, queues: str) -> Iterator[Extra]:
    if shutil.which("faketime") is None:
        pytest.skip("needs libfaketime: apt-get install faketime")
    wrong = ["faketime", "--exclude-monotonic", "-f", f"+{AHEAD_S}s"]
    with worker(stack, log, "ahead", queues, wrong, PYTHONPATH=f"{ROOT}:{SLEEPING}") as ahead:
        yield ahead


def last_sweep(stack: Stack) -> datetime:
    found: datetime = stack.sql("SELECT at FROM runs_sweep")[0][0]
    return found


def lease_left_s(stack: Stack, job_id: int) -> float:
    """By the database server's clock."""
    left = "SELECT extract(epoch FROM lease_expires_at - clock_timestamp()) FROM runs_job WHERE id = %s"
    return float(stack.sql(left, job_id)[0][0])
