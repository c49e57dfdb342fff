"""Looks at what one sandbox uses while commands run in it: what the kernel counted, and what lies on disk."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Sequence

from workers.sandbox.docker.box import Box, BoxGone, Counts
from workers.sandbox.port import MIB, Ended, Limits, SandboxError
from workers.sandbox.result import Sampled

_TICK_S = 0.2
_FIRST_LOOK_S = 0.5
_MOST_FAILED_LOOKS = 3
_DISK = re.compile(r"disk +(\d+) +(\d+) +([01])")
_DELETED = re.compile(r"deleted +(\d+)")

Over = tuple[Ended, str]


class Meter:
    """A thread of its own while at least one command runs. Ends everything in the sandbox when a limit is passed."""

    def __init__(self, box: Box, limits: Limits, places: Sequence[str]) -> None:
        """`places`: folders to look at; none where the kernel holds the sum."""
        self._box, self._limits, self.places = box, limits, places
        self._lock = threading.Lock()
        self._running = 0
        self._idle = threading.Event()
        self._starts = 0
        self._before = Counts()
        self._over: Over | None = None
        self._peak_bytes = 0
        self._failed_looks = 0
        self._next_look_at = 0.0

    def begin(self) -> None:
        """A command is about to run. Raises SandboxError."""
        with self._lock:
            self._running += 1
            if self._running > 1:
                return
            self._over, self._peak_bytes, self._failed_looks = None, 0, 0
            self._next_look_at = time.monotonic() + _FIRST_LOOK_S
            self._idle = threading.Event()
        try:
            self._box.ready()
            self._starts, self._before = self._box.starts, self._box.count()
        except BaseException:
            self.finish()
            raise
        threading.Thread(target=self._look_on, args=(self._idle,), name="sandbox-meter", daemon=True).start()

    def finish(self) -> None:
        with self._lock:
            self._running -= 1
            if not self._running:
                self._idle.set()

    def report(self, disk: str) -> Sampled:
        """What the sandbox was seen to use; `disk`: what a command's own last look saw. Raises BoxGone."""
        self._sample()
        if self._over is None and _DISK.search(disk):
            self._pass(self._judge_disk(disk))
        elif self._over is None and self.places:
            self._look()  # that look was prevented, or cut short
        return self.reported()

    def reported(self) -> Sampled:
        """The same, as far as it is known."""
        return Sampled(self._peak_bytes, self._over)

    def _look_on(self, idle: threading.Event) -> None:
        while not idle.wait(_TICK_S):
            try:
                self._sample()
                if self._over is None and self.places and time.monotonic() > self._next_look_at:
                    self._look()
            except SandboxError:
                return  # the command sees its own end
            if self._over is not None and not idle.is_set():
                self._box.empty()
                return

    def _sample(self) -> None:
        counts = self._counts()
        self._peak_bytes = max(self._peak_bytes, counts.memory_bytes)
        limits = self._limits
        if counts.out_of_memory > self._before.out_of_memory:
            self._peak_bytes = max(self._peak_bytes, limits.memory_bytes)
            self._pass(
                (Ended.OUT_OF_MEMORY, f"It ran out of memory; {limits.memory_bytes / MIB:,.0f} MiB are allowed.")
            )
        elif counts.refused_processes > self._before.refused_processes:
            self._pass(
                (
                    Ended.TOO_MANY_PROCESSES,
                    f"It wanted more processes and threads than it may have; {limits.processes} are allowed.",
                )
            )

    def _counts(self) -> Counts:
        try:
            if self._box.starts != self._starts:
                raise BoxGone("The sandbox was emptied.")
            return self._box.count()
        except BoxGone as gone:
            if "out of memory" in str(gone):
                return Counts(out_of_memory=self._before.out_of_memory + 1)
            raise

    def _look(self) -> None:
        began_at = time.monotonic()
        try:
            self._pass(self._judge_disk(self._box.look(self.places)))
            self._failed_looks = 0
        except SandboxError as error:
            self._failed_looks += 1
            if self._failed_looks >= _MOST_FAILED_LOOKS:
                self._pass((Ended.DISK_LIMIT, f"{error} It was ended for that."))
        self._next_look_at = time.monotonic() + max(0.5, 10 * (time.monotonic() - began_at))

    def _judge_disk(self, said: str) -> Over | None:
        limits, seen, deleted = self._limits, _DISK.search(said), _DELETED.search(said)
        if seen is None:
            raise SandboxError("What lies on disk could not be measured.")
        size_bytes = 1024 * (int(seen[1]) + (int(deleted[1]) if deleted else 0))
        if seen[3] == "1":
            return Ended.DISK_LIMIT, "It nested folders too deeply: more than 200."
        if size_bytes > limits.disk_bytes:
            allowed = limits.disk_bytes / MIB
            return Ended.DISK_LIMIT, f"It wrote {size_bytes / MIB:,.0f} MiB to disk; {allowed:,.0f} MiB are allowed."
        if int(seen[2]) > limits.files:
            return Ended.DISK_LIMIT, f"It made {seen[2]} files; {limits.files} are allowed."
        return None

    def _pass(self, over: Over | None) -> None:
        """The first limit that was passed is the one that is told."""
        with self._lock:
            self._over = self._over or over
