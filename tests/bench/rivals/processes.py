"""Processes by their parents: what they have cost, and how none of them is left."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def below(top: int) -> list[int]:
    """This process, and all that descend from it now."""
    children: dict[int, list[int]] = {}
    for pid, parent in _parents():
        children.setdefault(parent, []).append(pid)
    found, left = [], [top]
    while left:
        found.append(left.pop())
        left += children.get(found[-1], [])
    return found


def _parents() -> Iterable[tuple[int, int]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _fields(int(entry.name))):
            yield int(entry.name), int(fields[1])


def cpu_s(top: int) -> float:
    """Processor time of this process and its descendants, those included that have ended and were waited for."""
    return sum(sum(map(int, fields[11:15])) for pid in below(top) if (fields := _fields(pid))) / TICKS


def _fields(pid: int) -> list[str]:
    """Of /proc/PID/stat, from the state on; empty where the process has gone."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return []


def kill(pids: Iterable[int]) -> None:
    """Those that are still there. Only what this run has started is ever named here."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
