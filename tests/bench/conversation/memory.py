"""How much memory a program and all that it started take together, at most: the sum of PSS, looked at again and again.

PSS counts a page that several processes share once in all: fair to a program of one process and to one of many.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from pathlib import Path

EVERY_S = 0.1
PROC = Path("/proc")


class Watch:
    """Looks until it is told to stop; `most_mb` is the largest sum that it saw."""

    def __init__(self, pid: int) -> None:
        self.most_mb = 0.0
        self._pid = pid
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def stop(self) -> float:
        self._over.set()
        self._thread.join()
        return self.most_mb

    def _look(self) -> None:
        while not self._over.wait(EVERY_S):
            self.most_mb = max(self.most_mb, sum(map(_pss_mb, _tree(self._pid))))


def _tree(root: int) -> list[int]:
    """The process and everything below it."""
    children = defaultdict(list)
    for folder in PROC.glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            continue  # it ended meanwhile
        children[parent].append(int(folder.name))
    found, left = [], [root]
    while left:
        found.append(left.pop())
        left += children[found[-1]]
    return found


def _pss_mb(pid: int) -> float:
    try:
        lines = (PROC / str(pid) / "smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith("Pss:")), 0.0)
