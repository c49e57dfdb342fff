"""Side: a CI server with machines of its own, as the trials see it. Both are asked over HTTP and watched in SQL."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from tests.bench.rivals import processes

LOG_BYTES = 10_000_000
LINE = "x" * 99
# What a job runs, by the kind that the trials ask for. No container anywhere.
COMMANDS: dict[str, list[str]] = {
    "nothing": ["true"],
    "log": ["sh", "-c", f"yes {LINE} | head -c {LOG_BYTES}"],
    "long": ["sleep", "45"],
}
PATIENCE_S = 300.0  # 200 jobs on a machine that others use, too


@dataclass(frozen=True)
class Crew:
    """Machines that are connected: `count` processes, each with room for `slots` jobs at a time."""

    count: int
    slots: int
    agents: Sequence[subprocess.Popen[bytes]]


class Side(Protocol):
    name: str

    @property
    def server(self) -> int:
        """The process under which everything of the server runs, without its machines and its database."""

    @property
    def database(self) -> str: ...

    def crew(self, count: int, slots: int) -> AbstractContextManager[Crew]:
        """Machines that wait for work, until the end."""

    def submit(self, kind: str, crew: Crew) -> int:
        """By the server's HTTP API; the number of what ends."""

    def ended(self, jobs: Sequence[int]) -> int:
        """How many of them have succeeded, by what is committed."""

    def running(self, job: int) -> bool: ...

    def cancel(self, job: int) -> None:
        """By the server's HTTP API."""

    def over(self, job: int) -> bool:
        """Whether this attempt at it has ended, in whatever way."""

    def forget(self, job: int) -> None:
        """Do not try again what was lost with its machine."""


def until(look: Callable[[], Any], complaint: str, every_s: float = 0.005) -> float:
    """When it was first true, by perf_counter()."""
    deadline = time.monotonic() + PATIENCE_S
    while not look():
        if time.monotonic() > deadline:
            raise SystemExit(complaint)
        time.sleep(every_s)
    return time.perf_counter()


@contextmanager
def ended_afterwards(agents: Sequence[subprocess.Popen[bytes]]) -> Iterator[None]:
    """With everything that they have started, also where one was killed and has left its own behind."""
    try:
        yield
    finally:
        below = [pid for agent in agents for pid in processes.below(agent.pid)]
        for agent in agents:
            agent.send_signal(signal.SIGTERM)
        for agent in agents:
            try:
                agent.wait(10)
            except subprocess.TimeoutExpired:
                agent.kill()
                agent.wait(10)
        processes.kill(below)
