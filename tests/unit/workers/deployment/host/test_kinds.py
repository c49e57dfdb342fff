from __future__ import annotations

from pathlib import Path

import pytest

from workers.deployment.host.errors import LaunchFailed
from workers.deployment.host.fake import FakeLauncher
from workers.deployment.host.kinds import Launchers
from workers.deployment.host.plan import Plan


def plan(tmp_path: Path, kind: str) -> Plan:
    return Plan("r1", "/files", ("true",), str(tmp_path / "log"), kind=kind)


def test_a_plan_goes_to_the_launcher_of_its_kind(tmp_path: Path) -> None:
    sandboxes, stacks = FakeLauncher(), FakeLauncher()
    launchers = Launchers({"sandbox": sandboxes, "stack": stacks})
    launched = launchers.launch(plan(tmp_path, "stack"))
    launchers.forget(plan(tmp_path, "sandbox"))
    launchers.sweep()
    launched.stop(0)
    assert [len(each.launched) for each in (sandboxes, stacks)] == [0, 1]
    assert (sandboxes.forgotten, stacks.forgotten) == (["r1"], [])
    assert (sandboxes.sweeps, stacks.sweeps) == (1, 1)


def test_a_plan_of_another_version_of_hive_is_told(tmp_path: Path) -> None:
    with pytest.raises(LaunchFailed, match="of the kind 'moon', which this host cannot run"):
        Launchers({}).launch(plan(tmp_path, "moon"))
    Launchers({}).forget(plan(tmp_path, "moon"))
