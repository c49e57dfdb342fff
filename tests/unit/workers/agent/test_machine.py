"""The agent's janitor: what one that died has left goes with the next start, and nothing else."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from workers.agent import machine
from workers.agent.machine import MARK, Machine, hold
from workers.agent.settings import BadSettings, Settings
from workers.sandbox import open_sandbox
from workers.sandbox.docker.engine import Engine


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    found = Settings("http://hive", home=tmp_path / "home", sandbox="process")
    found.scratch.mkdir(parents=True)
    return found


def test_folders_of_jobs_and_half_stored_caches_go(settings: Settings) -> None:
    (settings.jobs / "7").mkdir(parents=True)
    (settings.jobs / "7" / "output").write_text("what was not sent")
    assert Machine(settings).tidy() == ["7"]
    assert list(settings.jobs.iterdir()) == []


DIES = """
import os, signal, sys, time
from pathlib import Path
from workers.sandbox import open_sandbox
from workers.sandbox.docker.engine import Engine
with open_sandbox("process", scratch=Path(sys.argv[1]), label="left"):
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_the_sandbox_of_one_that_was_killed_goes_and_one_in_use_stays(settings: Settings) -> None:
    command = [sys.executable, "-c", DIES, str(settings.scratch)]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    with open_sandbox("process", scratch=settings.scratch, label="used") as used:
        assert Machine(settings).tidy() == ["left"]
        assert used.run(["true"], timeout_s=30, on_output=lambda _: None).ok


def test_its_own_containers_are_swept_and_no_other_installations(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    swept: list[tuple[str, set[str]]] = []

    def sweep(engine: Engine, live: Callable[[], set[str]]) -> list[str]:
        swept.append((engine.installation, live()))
        return ["a container"]

    monkeypatch.setattr(machine.janitor, "sweep", sweep)
    found = Machine(settings)
    found.has_docker = True
    assert found.tidy() == ["a container"]
    ((installation, live),) = swept
    assert (installation.startswith(MARK), live) == (True, set())
    other = Machine(Settings("http://hive", home=settings.home.parent / "other", sandbox="process"))
    assert other.engine.installation != installation


def test_a_home_is_held_by_one(settings: Settings) -> None:
    with hold(settings.home), pytest.raises(BadSettings, match="Another agent runs in"):
        hold(settings.home)
