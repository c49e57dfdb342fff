"""What the keeper is told: the sandbox's limits once, and for each command how to run it."""

from __future__ import annotations

import math
import os
import platform
import random
from collections.abc import Mapping, Sequence

from workers.sandbox import descent, environment
from workers.sandbox.identity import User
from workers.sandbox.inside import processes, wire
from workers.sandbox.port import MIB, WORKSPACE, Limits
from workers.sandbox.setup import Setup

_NICE = 5  # Hive's heartbeats and its web server go first
_OPEN_FILES = 8192
_COUNTS_PER_NAMESPACE = (5, 14)  # kernels from here on count RLIMIT_NPROC per user namespace
# Above the limits, so that the watcher is there first and can say what happened; the kernel stops what outruns it.
_SPARE_PROCESSES = 32
_SPARE_FILE_BYTES = 1 * MIB
_LEAST_SPARE_MEMORY_BYTES = 512 * MIB


class Orders:
    """Builds messages for one sandbox."""

    def __init__(self, setup: Setup, limits: Limits, user: User | None, cookie: str) -> None:
        self._setup, self._limits, self._user, self._cookie = setup, limits, user, cookie
        self._cpus = _some_cpus(limits.cpus)
        self._others = 0 if _counted_alone(setup, user) else _tasks_of(user.uid if user else os.getuid())

    def begin(self) -> wire.Message:
        limits = self._limits
        names = ("processes", "memory_bytes", "disk_bytes", "files")
        return {
            "limits": {name: getattr(limits, name) for name in names},
            "places": self._setup.on_disk,
            "memory_places": self._setup.in_memory,
            "own_pids": self._setup.own_pids,
            "uid": self._user.uid if self._user else None,
        }

    def command(
        self,
        argv: Sequence[str],
        env: Mapping[str, str] | None,
        cwd: str,
        *,
        timeout_s: float | None = None,
        port: int | None = None,
        spoken_to: bool = False,
    ) -> wire.Message:
        """Raises SandboxError for what no process can be given, UnsafePath for a `cwd` outside the workspace."""
        names = descent.split(cwd, WORKSPACE)
        return {
            "argv": environment.check_arguments(argv),
            "env": environment.build(self._own_variables(port), env),
            "cwd": "/".join((self._setup.workspace, *names)),
            "limits": self._kernel_limits(timeout_s),
            "nice": _NICE,
            "cpus": self._cpus,
            "user": {"uid": self._user.uid, "gid": self._user.gid} if self._user else None,
            "isolated": self._setup.own_pids,
            "port": port,
            "input": spoken_to,
        }

    def _own_variables(self, port: int | None) -> dict[str, str]:
        own = {
            "PATH": self._setup.path,
            "HOME": self._setup.home,
            "TMPDIR": self._setup.tmp,
            "USER": "job",
            environment.WORKSPACE: self._setup.workspace,
            environment.SANDBOX: self._cookie,
        }
        return own if port is None else {**own, "PORT": str(port)}

    def _kernel_limits(self, timeout_s: float | None) -> dict[str, int]:
        """RLIMIT_DATA and not RLIMIT_AS: Node, Java and Go reserve address space by the gigabyte, and use little."""
        limits = self._limits
        bounds = {
            "CORE": 0,
            "NOFILE": _OPEN_FILES,
            "FSIZE": limits.disk_bytes + _SPARE_FILE_BYTES,
            "DATA": limits.memory_bytes
            + max(limits.memory_bytes // 2, _LEAST_SPARE_MEMORY_BYTES)
            + limits.reserved_bytes,
            "NPROC": limits.processes + _SPARE_PROCESSES + self._others,
        }
        if timeout_s is not None:  # for a process that nobody could end: it stops burning the machine by itself
            bounds["CPU"] = math.ceil(timeout_s * (os.cpu_count() or 1)) + 10
        return bounds


def _some_cpus(wanted: int) -> list[int]:
    """Which CPUs the commands are put on; empty: all. By lot, so that two sandboxes do not crowd the same ones."""
    available = sorted(os.sched_getaffinity(0))
    return [] if wanted >= len(available) else random.sample(available, wanted)


def _counted_alone(setup: Setup, user: User | None) -> bool:
    if user:
        return user.private
    release = tuple(int(part) for part in platform.release().split("-")[0].split(".")[:2])
    return setup.counts_alone and release >= _COUNTS_PER_NAMESPACE


def _tasks_of(uid: int) -> int:
    """Processes and threads that the user runs already: the kernel counts those as well."""
    with os.scandir("/proc") as listing:
        mine = [int(entry.name) for entry in listing if entry.name.isdigit() and _owner(entry) == uid]
    return sum(process.threads for process in map(processes.look, mine) if process)


def _owner(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat(follow_symlinks=False).st_uid
    except OSError:
        return -1
