from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from tests.unit.workers.deployment.host.hosting import Hosting, wait_for
from workers.deployment.host.errors import HostFailed
from workers.deployment.host.memory import Kept, MemoryFile, Route
from workers.deployment.host.plan import Plan
from workers.deployment.host.views import Exit, ReleaseState
from workers.sandbox.port import Limits

PLAN = Plan(
    "r1", "/r1/files.tar", ("python3", "app.py"), "/r1/log", {"GREETING": "hi"}, 9000, Limits(cpus=1), "process"
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "host.json"


def test_what_was_kept_is_read_back_as_it_was(path: Path) -> None:
    memory = MemoryFile(path)
    memory.keep("r1", Kept(PLAN, launches=3, exit=Exit(1, "exited", "2026-01-01T00:00:00+00:00", "It ended.")))
    memory.route("devsite", Route(8080, "r1", 7))
    again = MemoryFile(path)
    assert again.load() == ""
    assert again.now == memory.now


def test_nothing_is_remembered_where_there_is_no_file(path: Path) -> None:
    memory = MemoryFile(path)
    assert memory.load() == ""
    assert not memory.now.releases


def test_only_its_owner_may_read_it(path: Path) -> None:
    MemoryFile(path).keep("r1", Kept(PLAN))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("content", ["", "{", "[]", '{"version": 99}', '{"version": 1, "releases": {"r1": {}}}'])
def test_a_file_that_cannot_be_read_is_put_aside_and_said(path: Path, content: str) -> None:
    path.write_text(content)
    memory = MemoryFile(path)
    assert "deploy again what was in it" in memory.load()
    assert path.with_suffix(".unreadable.json").read_text() == content
    memory.keep("r1", Kept(PLAN))


def test_a_change_that_cannot_be_written_is_not_made(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = MemoryFile(path)
    memory.keep("r1", Kept(PLAN))
    before = path.read_bytes()
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(HostFailed, match="No space left"):
        memory.route("devsite", Route(8080, "r1", 1))
    assert not memory.now.routes
    assert path.read_bytes() == before


def test_what_has_happened_already_is_kept_in_mind_all_the_same(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = MemoryFile(path)
    monkeypatch.setattr(os, "fsync", fail)
    assert "No space left" in memory.note("r1", Kept(PLAN, wanted=False))
    assert not memory.now.releases["r1"].wanted


def test_a_release_is_stopped_on_a_full_disk_but_not_started(hosting: Hosting, monkeypatch: pytest.MonkeyPatch) -> None:
    hosting.client.start(hosting.plan("r1"))
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(HostFailed, match="nothing was changed"):
        hosting.client.start(hosting.plan("r2"))
    assert len(hosting.launcher.launched) == 1
    assert hosting.client.stop("r1").state == ReleaseState.STOPPED


def test_a_full_disk_does_not_keep_down_what_ran_before(hosting: Hosting, monkeypatch: pytest.MonkeyPatch) -> None:
    hosting.client.start(hosting.plan("r1"))
    hosting.end()
    monkeypatch.setattr(os, "fsync", fail)
    hosting.start()
    wait_for(lambda: hosting.client.list().release("r1").state == ReleaseState.RUNNING)


def test_the_plan_is_written_before_the_release_runs(hosting: Hosting) -> None:
    """A host that dies while it launches must bring the release back, not forget that somebody asked for it."""
    seen: list[bool] = []
    launch = hosting.launcher.launch

    def look_then_launch(plan: Plan) -> object:
        seen.append(json.loads(hosting.places.memory.read_text())["releases"]["r1"]["wanted"])
        return launch(plan)

    hosting.launcher.launch = look_then_launch  # type: ignore[method-assign,assignment]
    hosting.client.start(hosting.plan("r1"))
    assert seen == [True]


def fail(_descriptor: int) -> None:
    raise OSError(28, "No space left on device")
