"""One command in a running sandbox: its output as it comes, its clocks, its end."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import socket
import threading
import time
from dataclasses import dataclass, field

from workers.sandbox.box import Box, KeeperGone
from workers.sandbox.inside import wire
from workers.sandbox.port import Ended, OnOutput

GRACE_S = 0.5
_CHUNK_BYTES = 256 * 1024
_PIPE_BYTES = 1024 * 1024
_LINGER_S = 0.3  # for a grandchild that holds the output open after the command itself has ended
_TICK_S = 0.1  # how late a wish of another thread may be noticed
_OVERDUE_S = 1.0  # a tree that is still there so long after its kill is left to the keeper


@dataclass
class Seen:
    """What was seen of a command so far."""

    exit_code: int | None = None  # as the kernel tells it: negative where a signal ended it
    failed: wire.Message | None = None  # why there was nothing to run
    cut: Ended | None = None  # why it was ended
    output_bytes: int = 0
    largest_process_bytes: int = 0
    started_at: float = field(default_factory=time.monotonic)
    ended_at: float | None = None

    @property
    def duration_s(self) -> float:
        return (self.ended_at or time.monotonic()) - self.started_at


class Command:
    """Belongs to the thread that watches it; `end` may come from any."""

    def __init__(self, box: Box, order: wire.Message, third: int | None = None) -> None:
        """Starts it; `third`: its listening socket, or what it reads.

        Raises KeeperGone, or OSError when this process has no descriptors left.
        """
        self._box = box
        self._sending = threading.Lock()
        self._overdue_at: float | None = None
        self.gone = False  # nothing of it is left
        self.seen = Seen()
        self._control, theirs = socket.socketpair()
        self._output, output = os.pipe()
        with contextlib.suppress(OSError):  # a user's share of pipe memory may be used up: slower, that is all
            fcntl.fcntl(self._output, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        fds = [theirs.fileno(), output, *([] if third is None else [third])]
        try:
            box.ask({"do": "spawn", "order": order}, fds)
        except BaseException:
            self.close()
            raise
        finally:
            theirs.close()
            os.close(output)

    def watch(self, on_output: OnOutput, timeout_s: float | None, no_output_s: float | None) -> Seen:
        """Until the command has ended and its output is closed, or nothing of it is left.

        What on_output raises comes out here, after the command was ended.
        """
        try:
            self._loop(on_output, timeout_s, no_output_s)
        except BaseException:
            self.end(0.0)
            self._loop(lambda _data: None, None, None)
            raise
        finally:
            self.seen.ended_at = self.seen.ended_at or time.monotonic()
            os.close(self._output)
            self._output = -1
        return self.seen

    def _loop(self, on_output: OnOutput, timeout_s: float | None, no_output_s: float | None) -> None:
        poll = select.poll()
        poll.register(self._output, select.POLLIN)
        poll.register(self._control, select.POLLIN)
        output_open, last_output = True, time.monotonic()
        while not self.gone and (output_open or self.seen.ended_at is None):
            for fd, _event in poll.poll(_TICK_S * 1000):
                if fd == self._output:
                    output_open = self._hand_over(on_output)
                    last_output = time.monotonic()
                    if not output_open:
                        poll.unregister(fd)
                else:
                    self._hear()
            self._check_clocks(timeout_s, None if no_output_s is None else last_output + no_output_s)
        if output_open:
            self._drain(on_output)

    def _hand_over(self, on_output: OnOutput) -> bool:
        data = os.read(self._output, _CHUNK_BYTES)
        if data:
            self.seen.output_bytes += len(data)
            on_output(data)
        return bool(data)

    def _drain(self, on_output: OnOutput) -> None:
        """What is still in the pipe when nothing of the command is left to write more."""
        os.set_blocking(self._output, False)
        with contextlib.suppress(BlockingIOError):
            while self._hand_over(on_output):
                pass

    def _hear(self) -> None:
        """One message of the warden, or its end."""
        try:
            received = wire.receive(self._control)
        except OSError:
            received = None
        if received is None:
            self._leave_to_the_keeper()  # it was killed: what it watched over may go on, and hold the output
            return
        message = received[0]
        if "failed" in message:
            self.seen.failed = message["failed"]
        elif "exit" in message:
            self.seen.exit_code = message["exit"]
            self.seen.largest_process_bytes = message["peak_memory_bytes"]
            self.seen.ended_at = time.monotonic()
        self.gone = "gone" in message

    def _check_clocks(self, timeout_s: float | None, silent_until: float | None) -> None:
        now = time.monotonic()
        if self._overdue_at is not None:
            if now > self._overdue_at:
                self._leave_to_the_keeper()
        elif self.seen.ended_at is not None:
            if now > self.seen.ended_at + _LINGER_S:
                self.end(0.0)
        elif timeout_s is not None and now > self.seen.started_at + timeout_s:
            self.end(GRACE_S, Ended.TIMED_OUT)
        elif silent_until is not None and now > silent_until:
            self.end(GRACE_S, Ended.NO_OUTPUT)

    def _leave_to_the_keeper(self) -> None:
        """End all commands: the warden is gone, or its tree resists."""
        try:
            self.gone = bool(self._box.ask({"do": "clear"})["gone"])
        except KeeperGone:
            self.gone = True
        self._overdue_at = time.monotonic() + _OVERDUE_S

    def end(self, grace_s: float, why: Ended | None = None) -> None:
        """SIGTERM to its group, SIGKILL to all of it after the grace. Returns at once; the first reason counts."""
        with self._sending, contextlib.suppress(OSError):
            self.seen.cut = self.seen.cut or why
            self._overdue_at = time.monotonic() + grace_s + _OVERDUE_S
            self._control.settimeout(1.0)
            wire.send(self._control, {"end": grace_s})

    def left_something(self) -> bool:
        """Whether a daemon of it may still be there, after it was watched to its end."""
        while not self.gone and select.select([self._control], [], [], 0)[0]:
            self._hear()
        return not self.gone

    def close(self) -> None:
        """Let go of it: what it left behind is killed."""
        self._control.close()
        if self._output >= 0:
            os.close(self._output)
            self._output = -1
