"""What /proc tells about processes, and how a whole tree of them is ended."""

# pathlib and contextlib are large imports, and a sandbox starts for every job:
# ruff: noqa: PTH110, PTH123, PTH208, SIM105
from __future__ import annotations

import os
import time

from .lean import signal

TYPE_CHECKING = False
if TYPE_CHECKING:  # typing is a large import, and a sandbox starts for every job
    from collections.abc import Callable, Iterator

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Process:
    """One line of /proc/PID/stat. `state` is one letter: R running, T stopped, Z a zombie …"""

    __slots__ = ("parent", "pid", "resident_bytes", "state", "threads")

    def __init__(self, pid: int, parent: int, state: str, threads: int, resident_bytes: int) -> None:
        self.pid, self.parent, self.state = pid, parent, state
        self.threads, self.resident_bytes = threads, resident_bytes


def look(pid: int) -> Process | None:
    """The process as it is now; None when it is gone."""
    try:
        with open(f"/proc/{pid}/stat", "rb", buffering=0) as file:
            line = file.read()
    except OSError:
        return None
    # The name stands in brackets and may itself hold brackets and spaces: everything counts from the last one.
    fields = line[line.rfind(b")") + 2 :].split()
    return Process(pid, int(fields[1]), fields[0].decode(), int(fields[17]), int(fields[21]) * _PAGE_BYTES)


def everything() -> dict[int, Process]:
    """All processes that this /proc shows."""
    seen = (look(int(name)) for name in os.listdir("/proc") if name.isdigit())
    return {process.pid: process for process in seen if process}


def descendants(ancestor: int) -> list[Process]:
    """The processes below one. One that is just being born may be missed: ask again where it matters."""
    seen = (look(pid) for pid in pids_below(ancestor))
    return [process for process in seen if process]


def pids_below(ancestor: int) -> Iterator[int]:
    """The same as numbers. Each comes before its own children are looked for, so that it can be stopped first."""
    if not os.path.exists(f"/proc/{os.getpid()}/task/{os.getpid()}/children"):
        yield from (process.pid for process in below(ancestor, everything()))
        return
    todo = [ancestor]
    while todo:
        for pid in _children(todo.pop()):
            yield pid
            todo.append(pid)


def _children(pid: int) -> list[int]:
    born: list[int] = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children", "rb", buffering=0) as file:
                born += map(int, file.read().split())
    except OSError:
        pass
    return born


def below(ancestor: int, table: dict[int, Process]) -> list[Process]:
    """The same from a list of all processes, for kernels that do not keep lists of children."""
    children: dict[int, list[Process]] = {}
    for process in table.values():
        children.setdefault(process.parent, []).append(process)
    found: list[Process] = []
    todo = [ancestor]
    while todo:
        born = children.get(todo.pop(), [])
        found += born
        todo += [process.pid for process in born]
    return found


def reap() -> tuple[bool, list[int]]:
    """Collect the children that have ended: whether any child is left, and who was collected.

    For a subreaper "no child left" means that nothing below it is left: an orphan becomes its child at once.
    """
    ended: list[int] = []
    while True:
        try:
            pid, _status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return False, ended
        if not pid:
            return True, ended
        ended.append(pid)


def send(pid: int, signal_number: int) -> None:
    try:
        os.kill(pid, signal_number)
    except (ProcessLookupError, PermissionError):
        pass


def end_tree(within_s: float = 5.0) -> bool:
    """Kill everything below this process, which must be a subreaper. True when nothing is left.

    Everything is stopped before anything is killed. A kill frees a place under the limit of processes, and a fork
    bomb fills it faster than /proc can be read; a stopped process keeps its place and starts nothing.
    """
    deadline = time.monotonic() + within_s
    while reap()[0]:
        for pid in _stop_below(deadline):
            send(pid, signal.SIGKILL)
        _wait_for_ends()
        if time.monotonic() > deadline:
            return False
    return True


def _stop_below(deadline: float) -> set[int]:
    """Stop what is below this process until a round finds nobody new; returns who was stopped.

    A process that forks and ends lives for less than a millisecond: it is stopped the moment it is found.
    """
    stopped: set[int] = set()
    while time.monotonic() < deadline:
        before = len(stopped)
        for pid in pids_below(os.getpid()):
            if pid not in stopped:
                send(pid, signal.SIGSTOP)
                stopped.add(pid)
        if len(stopped) == before:
            break
    return stopped


def repeat_until_gone(kill: Callable[[], None], within_s: float = 5.0) -> bool:
    """Call `kill` until this process has no child left. True when it came to that."""
    deadline = time.monotonic() + within_s
    while reap()[0]:
        kill()
        _wait_for_ends()
        if time.monotonic() > deadline:
            return False
    return True


def _wait_for_ends() -> None:
    """A moment for the killed to end, so that the loops above do not spin."""
    for _ in range(5):
        if not reap()[0]:
            return
        time.sleep(0.001)
