"""(e) how long `hive up` takes to be ready, and how much memory the whole stack has when it is idle."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from hive.cli import processes
from tests.bench.figures import Figure, middle
from tests.bench.installation import USUAL
from tests.flows.real.hive import Hive, running

IDLE_S = 8.0


def measure(repeat: int) -> list[Figure]:
    first, again = [], []
    memory: list[dict[str, float]] = []
    for _ in range(repeat):
        with tempfile.TemporaryDirectory(prefix="hive-bench-") as folder:
            home = Path(folder) / "home"
            first.append(_start(home))
            again.append(_start(home, memory))
    return [
        Figure("first_start_s", "(e) first start to ready", middle(first), "s", 5),
        Figure("start_s", "    later start to ready", middle(again), "s", 5),
        Figure(
            "memory_mb", "    memory of the whole stack, idle (PSS)", middle([one["all"] for one in memory]), "MB", 450
        ),
        *[
            Figure(f"memory_{part}_mb", f"      {part}", middle([one[part] for one in memory]), "MB")
            for part in sorted(memory[0], key=lambda part: -memory[0][part])
            if part != "all"
        ],
    ]


def _start(home: Path, memory: list[dict[str, float]] | None = None) -> float:
    with running(home, **USUAL) as hive:
        if memory is not None:
            _use_once(hive)
            time.sleep(IDLE_S)
            memory.append(_memory_mb(hive))
        return float(hive.answer["ready_after_s"])


def _use_once(hive: Hive) -> None:
    """A stack that has never done anything is smaller than one that has."""
    hive.wait(hive.start(workflow="noop"))


def _memory_mb(hive: Hive) -> dict[str, float]:
    """Everything below the process that was started, and that process; and each of its parts."""
    top = int(hive.answer["pid"])
    everyone = [top, *(process.pid for process in processes.descendants(top))]
    asked = [str(Path(sys.executable).with_name("hive")), "status", "--json"]
    said = subprocess.run(asked, env={**os.environ, "HIVE_HOME": str(hive.home)}, capture_output=True, text=True)
    parts = {name: child["memory_bytes"] / 1e6 for name, child in json.loads(said.stdout)["children"].items()}
    return {"all": processes.memory_bytes(everyone) / 1e6, **{name: size for name, size in parts.items() if size}}
