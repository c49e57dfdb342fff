"""One command in a container: its output as it comes, its clocks, its end."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from workers.sandbox.command import GRACE_S, Seen
from workers.sandbox.docker.box import Box
from workers.sandbox.docker.given import Given
from workers.sandbox.docker.scripts import ASK_TO_END, END, WARDEN
from workers.sandbox.docker.stream import OUTPUT
from workers.sandbox.port import Ended, OnOutput, SandboxError

_LINGER_S = 0.3  # for a grandchild that holds the output open after the command itself has ended
_LOOKING_S = 2.0  # how long the warden may look at the disk afterwards
_TICK_S = 0.1
_OVERDUE_S = 1.0  # an output that is still open so long after the kill: then all of the container ends
_LONGEST_WORD = 1024  # a job's user may write among the warden's words: it can lie about itself only


@dataclass
class Clocks:
    """Moments of time.monotonic() that have been set so far."""

    last_output: float = field(default_factory=time.monotonic)
    kill_at: float | None = None
    overdue_at: float | None = None
    killed_at: float | None = None
    done_at: float | None = None  # the warden has said all


class Command:
    """Belongs to the thread that watches it; `end` may come from any."""

    def __init__(self, box: Box, given: Given) -> None:
        """Starts it. Raises SandboxError."""
        self._box, self._given = box, given
        self.seen = Seen()
        self.disk = ""  # what the warden saw of it, see scripts.WARDEN
        self._pid = ""
        self._clocks = Clocks()
        self._word = bytearray()
        self._wish = threading.Lock()
        self._grace_s: float | None = None
        self._ended = self._begun = False
        warden = ["/bin/sh", "-c", WARDEN, "sh", given.cwd, " ".join(given.places), "input" if given.spoken_to else ""]
        self._number, self._stream = box.execute([*warden, *given.argv], given.env)
        self._starts = box.starts

    def watch(self, on_output: OnOutput, timeout_s: float | None, no_output_s: float | None) -> Seen:
        """Until the command has ended and its output is closed. What on_output raises comes out after its end."""
        try:
            self.begin()
            self._loop(on_output, timeout_s, no_output_s)
        except OSError:
            pass  # the container has ended
        except BaseException:
            self.end(0.0)
            self._loop(lambda _data: None, None, None)
            raise
        finally:
            self.seen.ended_at = self.seen.ended_at or time.monotonic()
            self._ended = True
            self._stream.close()
        return self.seen

    def begin(self) -> None:
        """Let it run, if it does not yet. Raises OSError."""
        with self._wish:
            if not self._begun:
                self._begun = True
                self._stream.send(b"\n")

    def say(self, data: bytes) -> None:
        """See port.Talking; an end of the command is seen within a tick."""
        try:
            self.begin()
            self._stream.send_while(data, lambda: not self._ended)
        except OSError as error:
            raise SandboxError("The process has ended; nothing can be said to it.") from error

    def close(self) -> None:
        """Let go of a command that nobody will watch."""
        self._stream.close()

    def _loop(self, on_output: OnOutput, timeout_s: float | None, no_output_s: float | None) -> None:
        while not self._stream.ended:
            for sort, data in self._stream.read(_TICK_S):
                if sort == OUTPUT:
                    self._clocks.last_output = time.monotonic()
                    self.seen.output_bytes += len(data)
                    on_output(data)
                else:
                    self._hear(data)
            if (self._box.ended or self._box.starts != self._starts) and self._is_overdue():
                return
            if not self._stream.ended:
                self._check_clocks(timeout_s, no_output_s)

    def _is_overdue(self) -> bool:
        """Everything was killed, and the engine is slow to say so."""
        self._clocks.killed_at = self._clocks.killed_at or time.monotonic()
        return time.monotonic() > self._clocks.killed_at + _LINGER_S

    def _hear(self, data: bytes) -> None:
        self._word += data
        *lines, self._word = self._word.split(b"\n")
        del self._word[_LONGEST_WORD:]
        for line in lines:
            word, _, rest = line.decode(errors="replace").partition(" ")
            if hear := _WORDS.get(word):
                hear(self, rest)

    def _hear_pid(self, rest: str) -> None:
        self._pid = rest if rest.isdecimal() else ""

    def _hear_cwd(self, _rest: str) -> None:
        self.seen.failed = {"stage": "cwd", "what": self._given.cwd, "why": "there is no such folder", "code": 126}

    def _hear_missing(self, rest: str) -> None:
        why = "Command not found" if rest == "127" else "Permission denied"
        self.seen.failed = {"stage": "exec", "what": self._given.argv[0], "why": why, "code": int(rest)}

    def _hear_exit(self, rest: str) -> None:
        code = int(rest) if rest.isdecimal() else 255
        known = signal.valid_signals()
        self.seen.exit_code = 128 - code if code > 128 and code - 128 in known else code
        self.seen.ended_at = time.monotonic()

    def _hear_disk(self, rest: str) -> None:
        self.disk = f"disk {rest}"

    def _hear_done(self, _rest: str) -> None:
        self._clocks.done_at = time.monotonic()

    def _check_clocks(self, timeout_s: float | None, no_output_s: float | None) -> None:
        now, clocks = time.monotonic(), self._clocks
        self._follow_the_wish(now)
        if clocks.overdue_at is not None:
            if now > clocks.overdue_at:
                self._empty_all()
        elif clocks.kill_at is not None:
            if now > clocks.kill_at:
                self._kill()
        elif self.seen.ended_at is not None:
            if now > min((clocks.done_at or now) + _LINGER_S, self.seen.ended_at + _LOOKING_S):
                self.end(0.0)
        elif timeout_s is not None and now > self.seen.started_at + timeout_s:
            self.end(GRACE_S, Ended.TIMED_OUT)
        elif no_output_s is not None and now > clocks.last_output + no_output_s:
            self.end(GRACE_S, Ended.NO_OUTPUT)

    def end(self, grace_s: float, why: Ended | None = None) -> None:
        """SIGTERM to its group, SIGKILL to all of it after the grace. Returns at once; the first reason counts."""
        with self._wish:
            self.seen.cut = self.seen.cut or why
            self._grace_s = grace_s if self._grace_s is None else min(self._grace_s, grace_s)

    def _follow_the_wish(self, now: float) -> None:
        with self._wish:
            grace_s, self._grace_s = self._grace_s, None
        if grace_s is None or self._clocks.overdue_at is not None:
            return
        if grace_s > 0 and self._pid and self._clocks.kill_at is None and self.seen.ended_at is None:
            self._tell(lambda: self._box.script(ASK_TO_END, self._pid))
        self._clocks.kill_at = min(self._clocks.kill_at or now + grace_s, now + grace_s)

    def _kill(self) -> None:
        """What it started, and nothing else of the sandbox; all of it, where that cannot be done."""
        self._clocks.overdue_at = time.monotonic() + _OVERDUE_S
        if not self._tell(lambda: self._box.script(END, self._given.mark, f"{self._box.cookie}.", within_s=_OVERDUE_S)):
            self._empty_all()

    def _empty_all(self) -> None:
        """But for a container that was started again since: what runs there is others'."""
        if self._box.starts == self._starts:
            self._box.empty()

    def _tell(self, ask: Callable[[], tuple[int | None, str]]) -> bool:
        try:
            return self._box.starts == self._starts and ask()[0] == 0
        except SandboxError:
            return False


_WORDS: dict[str, Callable[[Command, str], None]] = {
    "pid": Command._hear_pid,
    "cwd": Command._hear_cwd,
    "missing": Command._hear_missing,
    "exit": Command._hear_exit,
    "disk": Command._hear_disk,
    "done": Command._hear_done,
}
