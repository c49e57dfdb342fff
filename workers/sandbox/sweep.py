"""The janitor: ends what a dead worker's sandboxes left running, and deletes what they left on disk."""

from __future__ import annotations

import logging
import os
import signal
import time
from collections.abc import Collection
from pathlib import Path

from workers.sandbox.folders import COOKIE, LOCK, STAGING, Folders, LabelTaken, hold, remove
from workers.sandbox.identity import PRIVATE_UIDS, User
from workers.sandbox.inside import processes
from workers.sandbox.port import SandboxError

logger = logging.getLogger(__name__)
_PATIENCE_S = 3.0
_MAKING_TAKES_S = 60.0


def sweep_stale(scratch: Path, live_labels: Collection[str] = ()) -> list[str]:
    """Clear away every sandbox below `scratch` that nobody owns; returns their labels.

    Left alone: the labels named as live, and whatever is held by a living process. Safe to call at any time, also
    by several at once.
    """
    if not scratch.is_dir():
        return []
    candidates = [folder for folder in sorted(scratch.iterdir()) if _is_ours(folder) and folder.name not in live_labels]
    return [folder.name for folder in candidates if sweep_one(folder)]


def _is_ours(folder: Path) -> bool:
    """A sandbox's folder, or one that was being made when its maker died. Nothing else in `scratch` is touched."""
    try:
        if folder.name.startswith(STAGING):
            return time.time() - folder.lstat().st_mtime > _MAKING_TAKES_S
        return (folder / LOCK).is_file() and (folder / COOKIE).is_file()
    except OSError:
        return False


def make_anew(folders: Folders, user: User | None) -> None:
    """Make a sandbox's folders; what a dead process had left under this label goes first. Raises LabelTaken."""
    try:
        folders.make(user)
    except LabelTaken:
        if not sweep_one(folders.root):
            raise
        folders.make(user)


def sweep_one(folder: Path) -> bool:
    """Clear one sandbox's folder away. False when a living process holds it, or it cannot be removed."""
    try:
        lock = hold(folder / LOCK)
    except OSError:
        return False  # held, or gone already
    try:
        end_leftovers(folder)
        remove(folder)
    except (SandboxError, OSError) as error:
        logger.warning("action=sandbox_sweep folder=%s %s", folder, error)
        return False
    finally:
        os.close(lock)
    return True


def end_leftovers(folder: Path) -> None:
    """Kill every process that carries the sandbox's cookie or belongs to its private user.

    All are stopped before any is killed: see processes.end_tree.
    """
    deadline = time.monotonic() + _PATIENCE_S
    mark = _cookie(folder)
    while (found := _leftovers(folder, mark)) and time.monotonic() < deadline:
        for number in (signal.SIGSTOP, signal.SIGKILL):
            moving = found if number == signal.SIGKILL else [each for each in found if each.state not in "TtZX"]
            for process in moving:
                processes.send(process.pid, number)
        time.sleep(0.005)


def _cookie(folder: Path) -> bytes | None:
    try:
        return b"HIVE_SANDBOX=" + (folder / COOKIE).read_bytes()
    except OSError:
        return None


def _leftovers(folder: Path, mark: bytes | None) -> list[processes.Process]:
    uid = _private_uid(folder)
    return [
        process
        for process in processes.everything().values()
        if process.state not in "ZX" and process.pid != os.getpid() and _belongs(process.pid, mark, uid)
    ]


def _private_uid(folder: Path) -> int | None:
    try:
        uid = (folder / "workspace").lstat().st_uid
    except OSError:
        return None
    return uid if uid in PRIVATE_UIDS else None


def _belongs(pid: int, mark: bytes | None, uid: int | None) -> bool:
    try:
        if uid is not None and Path(f"/proc/{pid}").stat().st_uid == uid:
            return True
        return mark is not None and mark in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False  # gone, or somebody else's
