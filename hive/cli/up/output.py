"""A child's output: into its log, its end kept for error messages, its alarms shown."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from hive.cli.up.logfile import LogFile
from hive.cli.up.loop import READ, Loop

ALARMS = (b" ERROR ", b" CRITICAL ")
ALARM_PAUSE_S = 5.0  # a child that fails in a loop is one line every so often, not a flood
KEPT_LINES = 20
LONGEST_LINE_BYTES = 4096
AT_ONCE_BYTES = 256 * 1024


class Output:
    """Reads a child's stdout and stderr from a pipe, for as long as the supervisor lives, over all its restarts."""

    def __init__(self, loop: Loop, path: Path, on_alarm: Callable[[str], None]) -> None:
        self._loop, self._on_alarm = loop, on_alarm
        self._log = LogFile(path)
        self._lines: deque[bytes] = deque(maxlen=KEPT_LINES)
        self._rest = b""
        self._reader = -1
        self._quiet_until = 0.0

    def open(self) -> int:
        """The write end of a fresh pipe, for a process that is about to start; the caller closes its copy."""
        self.close()
        self._lines.clear()
        self._reader, writer = os.pipe()
        os.set_blocking(self._reader, False)
        self._loop.watch(self._reader, READ, self.read)
        return writer

    def close(self) -> None:
        """Take what is still in the pipe and let go of it; something that outlived the child may hold its other end."""
        if self._reader < 0:
            return
        self.read()
        if self._reader >= 0:
            self._let_go()

    def tail(self, lines: int = KEPT_LINES) -> str:
        """The last lines of this start's output."""
        kept = [*self._lines, self._rest] if self._rest else list(self._lines)
        return b"\n".join(kept[-lines:]).decode(errors="replace").strip()

    def read(self) -> None:
        try:
            data = os.read(self._reader, AT_ONCE_BYTES)
        except BlockingIOError:
            return
        if not data:
            self._let_go()
            return
        self._log.write(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        self._rest = self._rest[-LONGEST_LINE_BYTES:]
        for line in lines[-KEPT_LINES:]:
            self._keep(line[:LONGEST_LINE_BYTES])

    def _keep(self, line: bytes) -> None:
        self._lines.append(line)
        if any(alarm in line for alarm in ALARMS) and time.monotonic() > self._quiet_until:
            self._quiet_until = time.monotonic() + ALARM_PAUSE_S
            self._on_alarm(line.decode(errors="replace"))

    def _let_go(self) -> None:
        self._loop.unwatch(self._reader)
        os.close(self._reader)
        self._reader = -1
