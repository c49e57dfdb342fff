"""`python -m tests.bench.sandboxes KIND`: what an empty command takes in a sandbox, in milliseconds (median of ten)."""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

from workers.sandbox import open_sandbox

ROUNDS = 10


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
        print(f"{kind}: {name} {statistics.median(each):.0f} ms")


def note(found: list[float], began_at: float) -> float:
    now = time.perf_counter()
    found.append((now - began_at) * 1000)
    return now


if __name__ == "__main__":
    main(sys.argv[1])
