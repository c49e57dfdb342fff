"""A scripted conversation of twenty shell calls: Hive's model engine, mini-swe-agent and opencode, at one endpoint.

Each is a process that starts cold, as it would on somebody's machine: imports included. Hive's does what a worker does
with a job: claim, lease, sandbox, every event and every turn a row. `peers.py` says where the others come from.
"""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.bench.conversation import hive_side, peers
from tests.bench.conversation.memory import Watch
from tests.bench.conversation.script import CALLS, script
from tests.bench.figures import Figure, middle
from tests.providers.server import Provider, scripted


@dataclass(frozen=True)
class Took:
    """One whole conversation: from the start of the process to its end. `memory_mb`: of all its processes together."""

    seconds: float
    memory_mb: float


Start = Callable[[Provider, Path], subprocess.Popen[bytes]]


def measure(repeat: int) -> list[Figure]:
    others = peers.ready()
    took: dict[str, list[Took]] = {name: [] for name in ("hive", *others)}
    steps: list[float] = []
    for _ in range(repeat):
        for name in took:
            with tempfile.TemporaryDirectory(prefix="hive-bench-") as folder, scripted(script) as provider:
                place = Path(folder)
                place.chmod(0o711)
                start: Start = hive_side.prepared(provider, place) if name == "hive" else others[name]
                took[name].append(_run(start(provider, place), name, provider))
                if name == "hive":
                    steps += hive_side.step_times(place)
    return [*_figures(took), Figure("model_step_ms", "    Hive, one step, p50", middle(steps), "ms", 40)]


def _run(process: subprocess.Popen[bytes], name: str, provider: Provider) -> Took:
    began, watch = time.perf_counter(), Watch(process.pid)
    process.wait()
    took = Took(time.perf_counter() - began, watch.stop())
    asked = [seen for seen in provider.seen if seen.tools]
    if process.returncode or len(asked) != CALLS + 1:
        raise SystemExit(f"{name}: exit status {process.returncode} after {len(asked)} of {CALLS + 1} questions.")
    return took


def _figures(took: dict[str, list[Took]]) -> list[Figure]:
    figures = []
    for name, each in took.items():
        whole = middle([one.seconds for one in each])
        most = middle([one.memory_mb for one in each])
        figures.append(Figure(f"model_{name}_s", f"{CALLS} shell calls, {name}", whole, "s"))
        figures.append(Figure(f"model_{name}_mb", "    memory at most", most, "MB", 250 if name == "hive" else None))
    if others := [name for name in took if name != "hive"]:
        shares = [
            took["hive"][at].seconds / min(took[name][at].seconds for name in others) for at in range(len(took["hive"]))
        ]
        figures.append(Figure("model_ratio", "    Hive's time, of the faster other's", middle(shares), "x", 0.5))
    return figures
