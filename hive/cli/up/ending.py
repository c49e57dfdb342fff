"""How processes end: seen (reaping), told (signals), and made sure of (nothing is left below, nothing behind)."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterable, Iterator

from hive.cli import processes
from hive.home import Home

MARK = "HIVE_UP"  # every child carries it, with the home as its value
LONGEST_END_S = 10.0


def ended_children() -> Iterator[tuple[int, int]]:
    """(pid, wait status) of each child that has ended, orphans that were adopted included.

    While the caller looks at one it is still a zombie, so that its id, and its session's, belong to nobody else yet.
    """
    while True:
        try:
            found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return
        if found is None:
            return
        status = found.si_status << 8 if found.si_code == os.CLD_EXITED else found.si_status
        yield found.si_pid, status
        os.waitpid(found.si_pid, 0)


def in_words(status: int) -> str:
    """A wait status for a person: `exit code 1`, `killed by SIGKILL`."""
    if os.WIFEXITED(status):
        return f"exit code {os.WEXITSTATUS(status)}"
    number = os.WTERMSIG(status)
    try:
        return f"killed by {signal.Signals(number).name}"
    except ValueError:
        return f"killed by signal {number}"


def tell(pid: int, number: int) -> None:
    """Send a signal; to nobody, where the process has ended in the meantime."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def kill_session(leader: int) -> None:
    """SIGKILL to a child that began a session, and to everything still in it."""
    tell(leader, signal.SIGKILL)
    for process in processes.of_session(leader):
        tell(process.pid, signal.SIGKILL)


def kill_descendants(limit_s: float = LONGEST_END_S) -> list[int]:
    """SIGKILL everything below this process until nothing is left; what is after `limit_s` (stuck in the kernel).

    In rounds: a process may fork between the look and the signal, and its child hangs below us as an orphan.
    """
    deadline = time.monotonic() + limit_s
    while True:
        for _ in ended_children():
            pass
        alive = [process.pid for process in processes.descendants(os.getpid()) if process.alive]
        if not alive or time.monotonic() > deadline:
            return alive
        for pid in alive:
            tell(pid, signal.SIGKILL)
        time.sleep(0.01)


def strays(home: Home) -> list[int]:
    """Processes of this home that hang below nobody of ours: left by a guard and a supervisor that were both killed.

    Known by the mark that every child of the supervisor carries, or by a job's workspace that lies in this home.
    """
    root = str(home.root)

    def is_ours(environment: dict[str, str]) -> bool:
        workspace = environment.get("HIVE_WORKSPACE", "")
        in_a_job = "HIVE_SANDBOX" in environment and workspace.startswith(f"{root}/")
        return environment.get(MARK) == root or in_a_job

    return [pid for pid in processes.marked(is_ours) if pid != os.getpid()]


def kill_strays(home: Home, spared: Iterable[int] = (), limit_s: float = LONGEST_END_S) -> int:
    """SIGKILL the strays until none is left; how many there were."""
    seen: set[int] = set()
    deadline = time.monotonic() + limit_s
    while found := set(strays(home)) - set(spared):
        seen |= found
        if time.monotonic() > deadline:
            break
        for pid in found:
            tell(pid, signal.SIGKILL)
        time.sleep(0.01)
    return len(seen)
