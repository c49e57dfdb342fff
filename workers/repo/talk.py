"""Talk to a remote with git: bounded in time and size, stoppable, with its progress told as it comes."""

from __future__ import annotations

import contextlib
import os
import re
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from workers.repo.errors import RemoteAway, Stopped, TooLarge
from workers.repo.git import SAFE, GitMissing, environment

LOOK_EVERY_S = 0.25
SAID_BYTES = 64 * 1024  # of what git says, the last that are kept
ANSWER_BYTES = 16 * 1024 * 1024  # of what it answers
BLOCK_BYTES = 512  # POSIX counts the size of a file in these
PERCENT = re.compile(r"^(?:remote: )?(?P<what>[A-Z][a-z]+ [a-z]+): +\d+% \((?P<done>\d+)/(?P<total>\d+)\)")

OnProgress = Callable[[str, int, int], None]


def silent(_what: str, _done: int, _total: int) -> None:
    """Nobody listens."""


@dataclass(frozen=True)
class Said:
    """How it ended: its exit code, what it answered, and the last of what it said beside that."""

    code: int
    answer: bytes
    words: str


@dataclass(frozen=True)
class Bounds:
    """`stop` ends the talk from another thread. `on_progress` is told (what, done, total)."""

    timeout_s: float = 600.0
    size_bytes: int = 1024 * 1024 * 1024
    stop: threading.Event = field(default_factory=threading.Event)
    on_progress: OnProgress = silent


def talk(arguments: Sequence[str | Path], given: Mapping[str, str], bounds: Bounds) -> Said:
    """One git command in a session of its own, of which nothing is left afterwards.

    `given` is added to its environment, and is seen by nobody else. No file that it writes grows beyond the bound: a
    pack that does ends it. Raises RemoteAway where it takes too long, Stopped, TooLarge.
    """
    limit = ["sh", "-c", 'ulimit -f "$1"; shift; exec git "$@"', "sh", str(bounds.size_bytes // BLOCK_BYTES + 1)]
    try:
        process = subprocess.Popen(
            [*limit, *SAFE, *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**environment(), **given},
            start_new_session=True,
        )
    except FileNotFoundError:
        raise GitMissing(GitMissing.__doc__) from None
    with process:
        try:
            said = _listen(process, bounds)
        finally:
            end_group(process)
    if said.code == 127:
        raise GitMissing(GitMissing.__doc__)
    if said.code and _outgrew(said):
        raise TooLarge(bounds.size_bytes)
    return said


def _outgrew(said: Said) -> bool:
    number = int(signal.SIGXFSZ)
    return said.code in (-number, 128 + number) or f"signal {number}" in said.words or "File too large" in said.words


def _listen(process: subprocess.Popen[bytes], bounds: Bounds) -> Said:
    """Read both of its outputs to their end, and look at the clock meanwhile."""
    assert process.stdout is not None  # noqa: S101 - both are pipes
    assert process.stderr is not None  # noqa: S101
    until = time.monotonic() + bounds.timeout_s
    answer, words = bytearray(), _Words(bounds.on_progress)
    with selectors.DefaultSelector() as selector:
        for pipe in (process.stdout, process.stderr):
            selector.register(pipe, selectors.EVENT_READ)
        while selector.get_map():
            _look(bounds, until)
            for key, _ in selector.select(LOOK_EVERY_S):
                data = os.read(key.fd, 65536)
                if not data:
                    selector.unregister(key.fileobj)
                elif key.fileobj is process.stderr:
                    words.add(data)
                else:
                    answer += data
                    if len(answer) > ANSWER_BYTES:
                        raise TooLarge(ANSWER_BYTES)
    while not _has_ended(process.pid):
        _look(bounds, until)
        time.sleep(0.01)
    end_group(process)
    return Said(process.wait(), bytes(answer), words.text())


def _has_ended(pid: int) -> bool:
    """Without taking note of it: until then its number, which is its group's too, is nobody else's."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def end_group(process: subprocess.Popen[bytes]) -> None:
    """Nothing of what it started goes on. Only while its number is still its own."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _look(bounds: Bounds, until: float) -> None:
    if bounds.stop.is_set():
        raise Stopped
    if time.monotonic() > until:
        raise RemoteAway(f"It took longer than {bounds.timeout_s:g} s (HIVE_GIT_TIMEOUT_S).")


class _Words:
    """What git says on standard error: progress is told and forgotten, the last of the rest is kept."""

    def __init__(self, on_progress: OnProgress) -> None:
        self._on_progress = on_progress
        self._line = b""
        self._kept = ""

    def add(self, data: bytes) -> None:
        *lines, self._line = re.split(rb"[\r\n]", self._line + data)
        self._line = self._line[-SAID_BYTES:]
        for line in lines:
            self._take(line.decode(errors="replace"))

    def text(self) -> str:
        self._take(self._line.decode(errors="replace"))
        self._line = b""
        return self._kept.strip()

    def _take(self, line: str) -> None:
        if found := PERCENT.match(line):
            self._on_progress(found["what"], int(found["done"]), int(found["total"]))
        elif line.strip():
            self._kept = f"{self._kept}\n{line.rstrip()}"[-SAID_BYTES:]
