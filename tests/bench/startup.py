"""(e) how long `hive up` takes to be ready, and how much memory the whole stack has when it is idle."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from hive.cli import processes
from tests.bench.figures import Figure, middle
from tests.bench.installation import USUAL
from tests.flows.real.hive import Hive, running

IDLE_S = 8.0


def measure(repeat: int) -> list[Figure]:
    first, again, memory = [], [], []
    for _ in range(repeat):
        with tempfile.TemporaryDirectory(prefix="hive-bench-") as folder:
            home = Path(folder) / "home"
            first.append(_start(home))
            again.append(_start(home, memory))
    return [
        Figure("first_start_s", "(e) first start to ready", middle(first), "s", 5),
        Figure("start_s", "    later start to ready", middle(again), "s", 5),
        Figure("memory_mb", "    memory of the whole stack, idle (PSS)", middle(memory), "MB", 450),
    ]


def _start(home: Path, memory: list[float] | None = None) -> float:
    with running(home, **USUAL) as hive:
        if memory is not None:
            _use_once(hive)
            time.sleep(IDLE_S)
            memory.append(_memory_mb(hive))
        return float(hive.answer["ready_after_s"])


def _use_once(hive: Hive) -> None:
    """A stack that has never done anything is smaller than one that has."""
    hive.wait(hive.start(workflow="noop"))


def _memory_mb(hive: Hive) -> float:
    """Everything below the process that was started, and that process."""
    top = int(hive.answer["pid"])
    everyone = [top, *(process.pid for process in processes.descendants(top))]
    return processes.memory_bytes(everyone) / 1e6
