"""SIGKILL at named moments of a run: every run still ends right, and no job's effect happens twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.real import faults
from tests.flows.real.evidence import SPEC, check_ended_right, check_site_is_built_once
from tests.flows.real.faults import Trap
from tests.flows.real.hive import Hive, running, until

pytestmark = [pytest.mark.flow]

STEPS = ["manager.noop", "coding.noop", "testing.noop", "deployment.noop", "monitoring.noop"]
JOB_MOMENTS = ["before claim", "after claim", "before finish", "after finish"]


@pytest.fixture(scope="module")
def hive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hive]:
    with running(tmp_path_factory.mktemp("crashes") / "home", "trapped") as hive:
        yield hive


def spring(hive: Hive, trap: Trap) -> None:
    faults.arm(hive.home, trap)
    run_id = hive.start(workflow="noop")
    until(lambda: not faults.is_armed(hive.home), 60, lambda: f"{trap} was never sprung")
    check_ended_right(hive, run_id)


@pytest.mark.parametrize("moment", JOB_MOMENTS)
@pytest.mark.parametrize("step", ["manager.noop", "testing.noop"])
def test_the_workers_child_dies(hive: Hive, step: str, moment: str) -> None:
    spring(hive, Trap(moment, step, "child"))


@pytest.mark.parametrize("moment", ["after claim", "after finish"])
@pytest.mark.parametrize("step", ["coding.noop", "monitoring.noop"])
def test_the_worker_dies(hive: Hive, step: str, moment: str) -> None:
    spring(hive, Trap(moment, step, "worker"))


@pytest.mark.parametrize("who", ["child", "worker"])
def test_the_manager_dies_between_deciding_and_publishing(hive: Hive, who: str) -> None:
    spring(hive, Trap("before publish", "canvas", who))


@pytest.mark.parametrize("moment", ["before claim", "before finish", "after finish"])
@pytest.mark.parametrize("who", ["valkey", "web", "beat"])
def test_a_server_dies(hive: Hive, who: str, moment: str) -> None:
    spring(hive, Trap(moment, "testing.noop", who))


@pytest.mark.parametrize(
    "trap",
    [
        Trap("before finish", "coding.code", "child"),
        Trap("before finish", "testing.test", "worker"),
        Trap("before finish", "deployment.deploy", "child"),
        Trap("after finish", "deployment.deploy", "host"),
        Trap("before finish", "monitoring.accept", "valkey"),
    ],
    ids=lambda trap: f"{trap.step}-{trap.kill}",
)
def test_a_real_run_survives_too_and_its_effects_happen_once(hive: Hive, trap: Trap) -> None:
    faults.arm(hive.home, trap)
    run_id = hive.start(spec=SPEC)
    check_ended_right(hive, run_id)
    assert not faults.is_armed(hive.home)
    check_site_is_built_once(hive, run_id)


def test_with_every_message_delivered_twice_the_result_is_the_same(tmp_path: Path) -> None:
    with running(tmp_path / "home", "doubled") as hive:
        for run_id in [hive.start(workflow="noop"), hive.start(spec=SPEC)]:
            check_ended_right(hive, run_id)
        check_site_is_built_once(hive, run_id)
