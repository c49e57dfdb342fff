"""The Hive that people start: Valkey, web, workers, beat and host, on a new home."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hive.cli import processes
from tests.flows.up.running import PATIENCE_S, Installed, eventually

pytestmark = [pytest.mark.flow, pytest.mark.xdist_group("real-hive")]

PARTS = {"valkey", "warm", "prepare", "web", "host", "steady", "build", "beat"}
LIMIT_BYTES = 450_000_000


@pytest.fixture(scope="module")
def hive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    """One Hive for this module, started through the command as it is installed, in the background."""
    installed = Installed(tmp_path_factory.mktemp("real") / "home")
    said = installed.hive("up", "--port", "0", "--detach", "--json")
    assert said.returncode == 0, said.stderr
    assert json.loads(said.stdout)["url"] == installed.state["url"]
    yield installed
    installed.hive("down")
    installed.clean_up()


def status(hive: Installed) -> dict[str, Any]:
    return json.loads(hive.hive("status", "--json").stdout)


def test_every_part_runs_and_readyz_says_so(hive: Installed) -> None:
    found = status(hive)
    assert set(found["children"]) == PARTS
    assert {child["state"] for child in found["children"].values()} == {"running", "done"}
    assert found["readyz"]["status"] == 200
    assert all(part["ok"] for part in found["readyz"]["parts"])


def test_it_all_fits_into_450_mb(hive: Installed) -> None:
    assert 100_000_000 < status(hive)["memory_bytes"] <= LIMIT_BYTES


def test_web_workers_and_beat_are_forks_that_show_their_own_command_line(hive: Installed) -> None:
    command_lines = {name: command_line(hive.child(name)["pid"]) for name in ("web", "steady", "build", "beat")}
    assert "uvicorn hive.asgi:application" in command_lines["web"]
    assert "worker" in command_lines["steady"]
    assert "coding,testing" in command_lines["build"]
    assert "celery" in command_lines["beat"]
    assert all(processes.look(hive.child(name)["pid"]).parent == hive.state["supervisor"] for name in command_lines)  # type: ignore[union-attr]


def command_line(pid: int) -> str:
    return (processes.PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode()


@pytest.mark.parametrize("name", ["valkey", "web", "steady", "build", "beat", "host", "warm"])
def test_each_part_comes_back_after_a_kill(hive: Installed, name: str) -> None:
    old = hive.child(name)["pid"]
    os.kill(old, signal.SIGKILL)
    eventually(lambda: hive.child(name)["state"] == "running" and hive.child(name)["pid"] != old, f"{name} is back")
    eventually(lambda: status(hive)["ready"], "Hive is ready again")


def test_its_secrets_are_its_owners_only(hive: Installed) -> None:
    for name in ("secret.key", "cli.json"):
        assert (hive.home / name).stat().st_mode & 0o077 == 0
    assert (hive.home / "run" / "valkey.sock").stat().st_mode & 0o077 == 0


def test_it_starts_where_a_folder_has_the_names_of_its_packages(tmp_path: Path) -> None:
    """A user calls `hive up` in a project of theirs, which may well have a folder `apps`."""
    for name in ("apps", "hive", "workers"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise SystemExit('this is not Hive')")
    installed = Installed(tmp_path / ".hive")
    environment = {
        name: value for name, value in installed.environment.items() if name not in ("PYTHONPATH", "HIVE_HOME")
    }
    command = [str(Path(sys.executable).with_name("hive"))]
    up = subprocess.run(
        [*command, "up", "--port", "0", "--detach"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE_S,
    )
    assert up.returncode == 0, up.stdout + up.stderr
    down = subprocess.run(
        [*command, "down"], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=PATIENCE_S
    )
    assert down.stdout.startswith(f"Hive on {tmp_path}/.hive is stopped (in order")
    assert installed.left() == []


def test_down_leaves_nothing(hive: Installed) -> None:
    assert hive.hive("down").returncode == 0
    assert hive.left() == []
