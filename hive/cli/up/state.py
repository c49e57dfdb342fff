"""HIVE_HOME/run/up.json: what runs here, written by the supervisor, read by `status`, `down` and a second `up`."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import NotRequired, TypedDict

from hive.cli.up import lock
from hive.home import Home


class ChildState(TypedDict):
    """`pid` is null while the child is down; `ended` says how it ended last; `again_at` when it comes back."""

    pid: int | None
    state: str
    restarts: int
    started_at: str | None
    ended: str
    again_at: NotRequired[str | None]


class UpState(TypedDict):
    """`pid` is the guard's: the process to signal. `state`: starting, ready, stopping."""

    pid: int
    started_ticks: int
    supervisor: int
    supervisor_ticks: int
    state: str
    port: int
    url: str
    started_at: str
    children: dict[str, ChildState]


def file(home: Home) -> Path:
    return home.run / "up.json"


def lock_file(home: Home) -> Path:
    return home.run / "lock"


def write(home: Home, state: UpState) -> None:
    """All or nothing: a reader sees the old state or the new one. A full disk keeps the old one."""
    fresh = home.run / f".up.{os.getpid()}.json"
    try:
        fresh.write_text(json.dumps(state, indent=1))
        fresh.replace(file(home))
    except OSError:
        fresh.unlink(missing_ok=True)


def read(home: Home) -> UpState | None:
    """What was written last, also by a supervisor that is dead; see `running`."""
    try:
        loaded: UpState = json.loads(file(home).read_text())
    except (OSError, ValueError):
        return None
    return loaded


def remove(home: Home) -> None:
    file(home).unlink(missing_ok=True)


def running(home: Home) -> UpState | None:
    """The state of the Hive that runs on this home, or None; what a crash left behind counts for nothing."""
    return read(home) if lock.is_held(lock_file(home)) else None
