"""`python -m tests.bench.sandboxes KIND`: what an empty command takes in a sandbox, in milliseconds (median of ten).

And what a sandbox with one such command takes of the processors, all of its processes together (mean of a hundred).
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.rivals.processes import cpu_s
from workers.sandbox import open_sandbox

ROUNDS = 10
SANDBOXES = 100


def main(kind: str) -> None:
    took: dict[str, list[float]] = {"open": [], "first command": [], "each further one": [], "leave": []}
    with tempfile.TemporaryDirectory() as scratch:
        Path(scratch).chmod(0o711)
        for number in range(ROUNDS):
            began_at = time.perf_counter()
            with open_sandbox(kind, scratch=Path(scratch), label=f"bench-{number}") as sandbox:
                began_at = note(took["open"], began_at)
                for name in ("first command", "each further one", "each further one"):
                    assert sandbox.run(["true"], timeout_s=20, on_output=print).ok
                    began_at = note(took[name], began_at)
            note(took["leave"], began_at)
    for name, each in took.items():
        print(f"{kind}: {name} {statistics.median(each):.1f} ms")
    print(f"{kind}: processor time {processor_ms(kind):.1f} ms")


def processor_ms(kind: str) -> float:
    """A container's own processes are an engine's, and not in it."""
    with tempfile.TemporaryDirectory() as scratch:
        Path(scratch).chmod(0o711)
        began_at = cpu_s(os.getpid())
        for number in range(SANDBOXES if kind != "docker" else ROUNDS):
            with open_sandbox(kind, scratch=Path(scratch), label=f"bench-{number}") as sandbox:
                assert sandbox.run(["true"], timeout_s=20, on_output=print).ok
        return 1000 * (cpu_s(os.getpid()) - began_at) / (number + 1)


def note(found: list[float], began_at: float) -> float:
    now = time.perf_counter()
    found.append((now - began_at) * 1000)
    return now


if __name__ == "__main__":
    main(sys.argv[1])
