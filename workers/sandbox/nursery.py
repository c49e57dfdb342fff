"""Hive's end of the nursery: the process from which the keepers of plain sandboxes are forked. See inside/nursery.py.

Starting a Python and importing what a keeper needs costs some 40 ms of processor time, a fork of one that has it all
less than one. The first sandbox of a process is started without: many processes open one, and would pay for two.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Sequence

from workers.sandbox.inside import wire
from workers.sandbox.starting import INSIDE, Started, command_of, complaint_of, control_pair, is_readable

logger = logging.getLogger(__name__)
_ANSWER_S = 5.0  # it may have to start first, on a machine that is busy
_PAUSE_S = 60.0  # one that did not answer is no help for so long
LONGEST_COOKIE = 96


class Forked:
    """A keeper that the nursery has forked and waits for. See starting.Process."""

    def __init__(self, pidfd: int, errors: int) -> None:
        self._pidfd, self.errors = pidfd, errors

    def has_ended(self, within_s: float) -> bool:
        return is_readable(self._pidfd, within_s)

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)

    def close(self) -> None:
        os.close(self.errors)
        os.close(self._pidfd)


class Nursery:
    """Thread-safe. One that has died is started again; whoever gets no keeper of it starts one himself."""

    def __init__(self, argv: Sequence[str] = (), answer_s: float = _ANSWER_S) -> None:
        """`argv` starts it, without its two numbers; empty: as usual."""
        self._argv, self._answer_s = argv, answer_s
        self._forget()

    def _forget(self) -> None:
        self._lock = threading.Lock()
        self._asked = False
        self._process: Started | None = None
        self._not_before = 0.0

    def after_fork(self) -> None:
        """In a child, which must neither share the parent's nursery nor hold its socket open."""
        if self._process:
            self._control.close()
            self._process.close()
        self._forget()

    @property
    def pid(self) -> int:
        """0 where there is none."""
        return self._process.program.pid if self._process else 0

    def fork(self, cookie: str) -> tuple[Forked, socket.socket] | None:
        """A keeper and Hive's end of its socket; None for whoever has to start one himself."""
        with self._lock:
            first, self._asked = not self._asked, True
            if first or len(cookie) > LONGEST_COOKIE or time.monotonic() < self._not_before:
                return None
            if self._process and (forked := self._ask(cookie)):
                return forked
            if not (forked := self._ask(cookie)):  # of a fresh one
                self._not_before = time.monotonic() + _PAUSE_S
            return forked

    def _ask(self, cookie: str) -> tuple[Forked, socket.socket] | None:
        """A socket of its own for each try: a keeper that was forked unheard ends with its own."""
        control, theirs = control_pair()
        ours, errors = os.pipe()
        try:
            return Forked(self._exchange({"cookie": cookie}, (theirs.fileno(), errors)), ours), control
        except (OSError, ValueError) as error:
            complaint = complaint_of(self._process) if self._process else ""
            logger.warning("action=nursery gave no keeper: %s", f"{error}. {complaint}".strip())
            control.close()
            os.close(ours)
            self.end()
            return None
        finally:
            theirs.close()
            os.close(errors)

    def _exchange(self, request: wire.Message, fds: Sequence[int]) -> int:
        if not self._process:
            self._start()
        self._control.settimeout(self._answer_s)
        wire.send(self._control, request, fds)
        received = wire.receive(self._control)
        if received is None:
            raise OSError("it has ended")
        answer, got = received
        if not got:
            raise OSError(answer["failed"])
        return got[0]

    def _start(self) -> None:
        self._control, theirs = socket.socketpair()
        try:
            argv = self._argv or command_of("nursery", os.fspath(INSIDE.parent))
            self._process = Started(argv, theirs, "-" * LONGEST_COOKIE)  # room for each keeper's own
        except BaseException:
            self._control.close()
            raise
        finally:
            theirs.close()

    def end(self) -> None:
        """Its keepers go on."""
        if self._process:
            self._process.kill()
            self._process.program.wait()
            self._process.close()
            self._control.close()
            self._process = None


NURSERY = Nursery()
os.register_at_fork(after_in_child=NURSERY.after_fork)
