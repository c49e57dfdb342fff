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
ORPHANS_S = 0.02
AT_ONCE = 100


def ended_children() -> Iterator[tuple[int, int]]:
    """(pid, wait status) of children that have ended, orphans that were adopted included; AT_ONCE of them at most.

    While the caller looks at one it is still a zombie, so that its id, and its session's, belong to nobody else yet.
    Not all of them: what forks and exits without end gives one more each time, and the caller has other things to do.
    """
    for _ in range(AT_ONCE):
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


def tell_group(group: int, number: int) -> None:
    """To all processes of a group, in one step that no fork escapes."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, number)


def kill_session(leader: int) -> None:
    """SIGKILL to a child that began a session, and to everything still in it."""
    tell_group(leader, signal.SIGKILL)
    for process in processes.of_session(leader):
        tell(process.pid, signal.SIGKILL)


def kill_descendants(limit_s: float = LONGEST_END_S) -> list[int]:
    """SIGKILL everything below this process until nothing is left; what is after `limit_s` (stuck in the kernel).

    Everything is stopped before it is killed: a kill makes room under the limit of processes, and what forks without
    end would fill it before the next look. It is over when the kernel knows of no child: a look into /proc may miss
    what forks and exits, over and over, but each orphan becomes a child of this process before its parent is gone.
    """
    deadline = time.monotonic() + limit_s
    while has_children() and time.monotonic() < deadline:
        alive = [process for process in processes.descendants(os.getpid()) if process.alive]
        moving = [process for process in alive if process.state not in "TtD"]
        for process in moving or alive:
            tell(process.pid, signal.SIGSTOP if moving else signal.SIGKILL)
        _kill_children_as_they_come()
    return [process.pid for process in processes.descendants(os.getpid()) if process.alive]


def has_children() -> bool:
    """Reap those that have ended, and say whether there are others."""
    for _ in ended_children():
        pass
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def _kill_children_as_they_come() -> None:
    """For a moment, kill whatever is or becomes a child of this process, with its group.

    A child's group is known also when it is dead, and its successor is most often in the same.
    """
    until = time.monotonic() + ORPHANS_S
    own = os.getpgrp()
    while time.monotonic() < until and has_children():
        for pid in reversed(processes.children()):  # newest first
            tell(pid, signal.SIGKILL)
            with contextlib.suppress(ProcessLookupError):
                group = os.getpgid(pid)
                if group != own:
                    tell_group(group, signal.SIGKILL)


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
