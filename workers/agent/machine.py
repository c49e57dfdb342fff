"""What this machine is and has: sandboxes, room on its disk, load; and its janitor."""

from __future__ import annotations

import fcntl
import os
import shutil
from contextlib import AbstractContextManager, suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import IO, Any

from apps.fleet.order import Order
from workers.agent.caches import CacheFolder
from workers.agent.sandboxes import sandbox_for
from workers.agent.settings import BadSettings, Settings
from workers.sandbox import Sandbox, best_kind, sweep_stale
from workers.sandbox.docker import janitor
from workers.sandbox.docker.engine import Engine
from workers.sandbox.kinds import report_on
from workers.sandbox.port import SandboxError

MARK = "agent-"


class Machine:
    """Of one agent: `home` is its own, held by a lock as long as the process lives."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.caches = CacheFolder(settings.caches, settings.cache_mb * 1024 * 1024)
        self.kind = settings.sandbox or best_kind()
        self.engine = Engine(images=settings.images, installation=f"{MARK}{_mark(settings.home)}")
        self.has_docker = report_on("docker", self.engine).usable

    def capabilities(self) -> dict[str, Any]:
        return {
            "sandboxes": sorted({self.kind, *(["docker"] if self.has_docker else [])}),
            "cpus": os.cpu_count() or 1,
            "system": os.uname().sysname,
            "machine": os.uname().machine,
        }

    def sandbox(self, label: str, order: Order) -> AbstractContextManager[Sandbox]:
        """The best kind; a container where the order names an image."""
        scratch = self.settings.scratch
        return sandbox_for(order, usual=self.kind, scratch=scratch, label=label, engine=self.engine)

    def free_bytes(self) -> int:
        return shutil.disk_usage(self.settings.home).free

    def has_room(self) -> bool:
        return self.free_bytes() >= self.settings.min_free_bytes

    def load(self) -> float:
        return round(os.getloadavg()[0] / (os.cpu_count() or 1), 3)

    def tidy(self) -> list[str]:
        """Away with what an agent that died here has left: sandboxes, folders, containers. Call it before any job."""
        scratch = self.settings.scratch
        scratch.mkdir(parents=True, exist_ok=True, mode=0o711)
        removed = sweep_stale(scratch)
        for folder in self.settings.jobs.glob("*"):
            shutil.rmtree(folder, ignore_errors=True)
            removed.append(folder.name)
        self.caches.remove_parts()
        if self.has_docker:
            with suppress(SandboxError):
                removed += janitor.sweep(self.engine, lambda: set())
        return removed


def hold(home: Path) -> IO[str]:
    """The lock of this home. Raises BadSettings where another agent has it."""
    home.mkdir(parents=True, exist_ok=True, mode=0o711)
    lock = (home / "lock").open("a")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise BadSettings(f"Another agent runs in {home}; give this one a home of its own (--home).") from None
    return lock


def this_version() -> str:
    try:
        return version("hive")
    except PackageNotFoundError:
        return "source"


def _mark(home: Path) -> str:
    """What marks this agent's containers on an engine that others use too."""
    import hashlib

    return hashlib.sha256(os.fsencode(home)).hexdigest()[:10]
