"""What /proc tells about processes: parents, sessions, memory, and who carries a mark in its environment."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_PSS = re.compile(rb"^Pss:\s+(\d+) kB", re.MULTILINE)


@dataclass(frozen=True)
class Process:
    """One line of the process table. `started_ticks` (since boot) with `pid` names a process for good."""

    pid: int
    parent: int
    group: int
    session: int
    state: str
    started_ticks: int

    @property
    def alive(self) -> bool:
        """False for a zombie: it is dead, its parent has only not asked yet."""
        return self.state not in "ZX"


def look(pid: int) -> Process | None:
    """The process with this id, or None where there is none (any more)."""
    try:
        text = (PROC / str(pid) / "stat").read_text(errors="replace")
    except OSError:
        return None
    fields = text[text.rindex(")") + 2 :].split()  # the name before it may hold spaces and brackets
    return Process(pid, int(fields[1]), int(fields[2]), int(fields[3]), fields[0], int(fields[19]))


def everyone() -> list[Process]:
    """All processes that this one can see."""
    found = (look(int(entry.name)) for entry in os.scandir(PROC) if entry.name.isdigit())
    return [process for process in found if process is not None]


def started_ticks(pid: int) -> int:
    """When the process started, in ticks since boot; 0 where there is none."""
    process = look(pid)
    return process.started_ticks if process else 0


def same(pid: int, started_ticks: int) -> bool:
    """Whether the process that had this id and this start is still alive, and the id not given to another one."""
    process = look(pid)
    return process is not None and process.alive and process.started_ticks == started_ticks


def descendants(root: int) -> list[Process]:
    """Every process below `root`, children before grandchildren, without `root` itself; zombies included."""
    below: dict[int, list[Process]] = {}
    for process in everyone():
        below.setdefault(process.parent, []).append(process)
    found = list(below.get(root, []))
    for process in found:  # grows while it is walked
        found.extend(below.get(process.pid, []))
    return found


def children() -> list[int]:
    """Ids of this process's own children, zombies included: one read, where the kernel offers it."""
    own = os.getpid()
    try:
        return [int(pid) for pid in (PROC / f"{own}/task/{own}/children").read_text().split()]
    except FileNotFoundError:
        return [process.pid for process in everyone() if process.parent == own]


def of_session(leader: int) -> list[Process]:
    """Living processes of the session that `leader` began, without `leader` itself."""
    return [each for each in everyone() if each.session == leader and each.pid != leader and each.alive]


def marked(is_ours: Callable[[dict[str, str]], bool]) -> list[int]:
    """Ids of the processes whose first environment is `is_ours`. Those of other users cannot be read, nor are ours."""
    return [process.pid for process in everyone() if process.alive and is_ours(environment(process.pid))]


def environment(pid: int) -> dict[str, str]:
    """The environment that a process was started with; empty where it may not be read."""
    try:
        raw = (PROC / str(pid) / "environ").read_bytes()
    except OSError:
        return {}
    pairs = (entry.partition("=") for entry in os.fsdecode(raw).split("\0") if "=" in entry)
    return {name: value for name, _, value in pairs}


def open_files(pid: int) -> set[str]:
    """Names of the files, pipes and sockets that a process has open; empty where it may not be read."""
    found = set()
    with contextlib.suppress(OSError):
        for entry in (PROC / str(pid) / "fd").iterdir():
            with contextlib.suppress(FileNotFoundError):  # closed since it was listed
                found.add(str(entry.readlink()))
    return found


def memory_bytes(pids: Iterable[int]) -> int:
    """Proportional set size: what these processes cost together, shared pages split among their sharers."""
    return sum(_pss_bytes(pid) for pid in pids)


def _pss_bytes(pid: int) -> int:
    try:
        found = _PSS.search((PROC / str(pid) / "smaps_rollup").read_bytes())
    except OSError:
        return 0
    return int(found[1]) * 1024 if found else 0


def words(pid: int) -> str:
    """How to name a process to a person: its command line, shortened."""
    try:
        raw = (PROC / str(pid) / "cmdline").read_bytes()
    except OSError:
        return ""
    line = os.fsdecode(raw).replace("\0", " ").strip()
    return line if len(line) <= 60 else line[:59] + "…"
