"""How much a sandbox uses: processes, memory, disk. Everything is judged against the limits of the whole sandbox."""

# pathlib and contextlib are large imports, and a sandbox starts for every job:
# ruff: noqa: PTH112, PTH115, PTH116, PTH123, PTH208
from __future__ import annotations

import os
import time

from .disk import Walk

TYPE_CHECKING = False
if TYPE_CHECKING:  # typing is a large import, and a sandbox starts for every job
    from collections.abc import Iterable

    from .processes import Process

    Over = tuple[str, str]
    """Which limit was passed (a value of Ended), and a sentence for the reader."""

_MEMFD = "/memfd:"
_DELETED = " (deleted)"
_SLICE_S = 0.01
# The shares are read one after another: when a process ends in between, the rest has larger ones, and its own is in
# the sum as well. What is over the limit in truth is so at each look.
_LOOKS = 3


class Meter:
    """Samples what one sandbox uses. Cheap to ask often: a round over many files is spread over many calls."""

    def __init__(self, limits: dict[str, int], places: list[str], memory_places: list[str]) -> None:
        """`limits`: processes, memory_bytes, disk_bytes, files. `places`: the folders that count as its disk.

        `memory_places`: its tmpfs. The kernel bounds their bytes, but hardly the number of their files.
        """
        self._limits = limits
        self._places = places
        self._memory_places = memory_places
        self._walk: Walk | None = None
        self._next_walk_at = 0.0
        self._unlinked_bytes = 0
        self._next_unlinked_at = 0.0
        self.peak_memory_bytes = 0

    def sample(self, members: list[Process]) -> Over | None:
        return self._processes(members) or self._memory(members) or self._disk(members)

    def final_disk(self) -> Over | None:
        """A fresh look when a command has ended; gives up after a moment where the tree is large."""
        walk = Walk(self._places)
        return self._judge_disk(walk) if walk.go_on(0.1) else None

    def _processes(self, members: list[Process]) -> Over | None:
        running = sum(process.threads for process in members)
        if running <= self._limits["processes"]:
            return None
        return "too_many_processes", f"It ran {running} processes and threads; {self._limits['processes']} are allowed."

    def _memory(self, members: list[Process]) -> Over | None:
        limit = self._limits["memory_bytes"]
        used = sum(process.resident_bytes for process in members)
        looks = 0
        while used > limit and looks < _LOOKS:  # what they share was counted for each of them: look closely
            used = sum(_share_bytes(process) for process in members)
            looks += 1
        self.peak_memory_bytes = max(self.peak_memory_bytes, used)
        if used <= limit:
            return None
        return "out_of_memory", f"It used {_mib(used)} of memory; {_mib(limit)} are allowed."

    def _disk(self, members: list[Process]) -> Over | None:
        now = time.monotonic()
        if now >= self._next_unlinked_at:
            self._unlinked_bytes = _unlinked_bytes(members, self._places)
            self._next_unlinked_at = now + max(1.0, 20 * (time.monotonic() - now))
        if self._walk is None:
            if now < self._next_walk_at:
                return None
            self._walk = Walk(self._places)
        if not self._walk.go_on(_SLICE_S) and not self._judge_disk(self._walk):
            return None
        walk, self._walk = self._walk, None
        self._next_walk_at = time.monotonic() + max(0.25, 10 * walk.took_s)
        return self._judge_disk(walk)

    def _judge_disk(self, walk: Walk) -> Over | None:
        used = walk.size_bytes + self._unlinked_bytes
        if walk.too_deep:
            return "disk_limit", f"It nested folders too deeply: {walk.too_deep[:200]} …"
        if used > self._limits["disk_bytes"]:
            return "disk_limit", f"It wrote {_mib(used)} to disk; {_mib(self._limits['disk_bytes'])} are allowed."
        entries = walk.entries + sum(_inodes(place) for place in self._memory_places)
        if entries > self._limits["files"]:
            return "disk_limit", f"It made {entries} files; {self._limits['files']} are allowed."
        return None


def _share_bytes(process: Process) -> int:
    """Its fair share of the memory that it uses together with others, swapped-out parts too; 0 once it has ended."""
    try:
        with open(f"/proc/{process.pid}/smaps_rollup", "rb") as file:
            sizes = [line.split()[1] for line in file if line.startswith((b"Pss:", b"SwapPss:"))]
        return sum(int(size) for size in sizes) * 1024
    except (FileNotFoundError, ProcessLookupError):
        return 0
    except OSError:  # not for us to read
        return process.resident_bytes


def _unlinked_bytes(members: Iterable[Process], places: list[str]) -> int:
    """Bytes in files that are open and already deleted (no walk finds those), and in files that live in memory only."""
    devices = {os.stat(place).st_dev for place in places if os.path.isdir(place)}
    seen: dict[tuple[int, int], int] = {}
    for process in members:
        folder = f"/proc/{process.pid}/fd"
        try:
            for name in os.listdir(folder):
                _add_unlinked(f"{folder}/{name}", devices, seen)
        except OSError:
            pass
    return sum(seen.values())


def _add_unlinked(link: str, devices: set[int], seen: dict[tuple[int, int], int]) -> None:
    try:
        target = os.readlink(link)
        if not target.endswith(_DELETED):
            return
        status = os.stat(link)
    except OSError:
        return
    if status.st_dev in devices or target.startswith(_MEMFD):
        seen[status.st_dev, status.st_ino] = status.st_blocks * 512


def _inodes(place: str) -> int:
    usage = os.statvfs(place)
    return usage.f_files - usage.f_ffree


def _mib(size_bytes: int) -> str:
    return f"{size_bytes / 2**20:,.0f} MiB"
