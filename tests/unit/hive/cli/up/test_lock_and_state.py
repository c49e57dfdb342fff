from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from hive.cli.up import lock, state
from hive.home import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    (tmp_path / "run").mkdir()
    return Home(tmp_path)


UP: state.UpState = {
    "pid": 1,
    "started_ticks": 1,
    "supervisor": 2,
    "supervisor_ticks": 2,
    "state": "ready",
    "port": 8000,
    "url": "http://127.0.0.1:8000/",
    "started_at": "2026-01-01T00:00:00Z",
    "children": {},
}


def test_a_lock_is_held_until_its_last_copy_is_closed(home: Home) -> None:
    path = state.lock_file(home)
    assert not lock.is_held(path)
    descriptor = lock.acquire(path)
    copy = os.dup(descriptor)
    os.close(descriptor)
    assert lock.is_held(path)
    os.close(copy)
    assert not lock.is_held(path)


def test_a_second_one_is_refused(home: Home) -> None:
    descriptor = lock.acquire(state.lock_file(home))
    with pytest.raises(lock.Taken):
        lock.acquire(state.lock_file(home), patience_s=0.05)
    os.close(descriptor)


def test_one_that_only_looks_does_not_get_in_the_way(home: Home) -> None:
    path = state.lock_file(home)
    os.close(lock.acquire(path))
    assert not lock.is_held(path)
    os.close(lock.acquire(path, patience_s=0))


def test_state_is_read_as_it_was_written(home: Home) -> None:
    state.write(home, UP)
    assert state.read(home) == UP
    assert [entry.name for entry in home.run.iterdir()] == ["up.json"]


def test_state_counts_only_while_the_lock_is_held(home: Home) -> None:
    state.write(home, UP)
    assert state.running(home) is None
    descriptor = lock.acquire(state.lock_file(home))
    assert state.running(home) == UP
    os.close(descriptor)


@pytest.mark.parametrize("damaged", ["", "{", "\x00"])
def test_a_damaged_state_is_none(home: Home, damaged: str) -> None:
    state.file(home).write_text(damaged)
    assert state.read(home) is None


def test_when_it_cannot_be_written_the_old_state_stays(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    state.write(home, UP)

    def full(self: Path, *_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    state.write(home, {**UP, "port": 9})
    assert json.loads(state.file(home).read_bytes())["port"] == 8000
