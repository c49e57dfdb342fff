"""Watches over one command: starts it, tells how it ended, takes in its orphans, ends its whole tree when told to.

One process per command, because orphans go to the nearest subreaper above them: so everything below a warden was
started by its command, and nothing else was. It speaks to Hive on its own socket:

    warden → Hive   {"started": pid} or {"failed": {stage, what, why, code}}
                    {"exit": code, "peak_memory_bytes": n}   the command itself has ended
                    {"gone": true}                           and nothing of what it started is left
    Hive → warden   {"end": grace_s}
    end of stream   from the warden: it was killed; from Hive: end everything at once
"""

from __future__ import annotations

import os
import time

from . import linux, processes, wire
from .launch import become_command
from .lean import loads, signal
from .loop import READ, Loop

TYPE_CHECKING = False
if TYPE_CHECKING:  # typing is a large import, and a sandbox starts for every job
    from .launch import Order
    from .lean import socket

_LONG_S = 3600.0  # the keeper asks so, and kills by its own clock


class Warden:
    """Owns the command's process tree. Single-threaded; leaves its loop when nothing is left of the command."""

    def __init__(self, control: socket.socket, order: Order) -> None:
        self._control = control
        self._order = order
        self._loop = Loop()
        self._main = 0
        self._main_ended = False
        self._kill_at: float | None = None

    def watch(self, output: int, listener: int | None, given: int | None) -> None:
        linux.become_subreaper()
        self._hear_of_ended_children()
        self._loop.watch(self._control, READ, self._hear_hive)
        self._start(output, given)
        if given is not None:
            os.close(given)
        os.close(output)  # the reader's end of stream must mean that the command's side is closed
        if listener is not None:
            from .forward import Forwarder  # and what it imports, where there is a port to be reached

            Forwarder(self._loop, listener, self._order["port"])
        self._watch_until_nothing_is_left()
        self._tell({"gone": True})

    def _watch_until_nothing_is_left(self) -> None:
        while self._collect():
            self._loop.wait(self._patience())
            if self._kill_at is not None and time.monotonic() >= self._kill_at:
                processes.end_tree()
                return

    def _hear_of_ended_children(self) -> None:
        ended, wake = os.pipe()
        os.set_blocking(ended, False)
        os.set_blocking(wake, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, lambda *_: self._end(0.0))
        signal.signal(signal.SIGUSR1, lambda *_: self._end(_LONG_S))
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        self._loop.watch(ended, READ, lambda _events: os.read(ended, 4096))

    def _start(self, output: int, given: int | None) -> None:
        failure, failing = os.pipe()
        warden = os.getpid()
        self._main = os.fork()
        if not self._main:
            become_command({**self._order, "parent": warden}, output, failing, given)
        os.close(failing)
        told = os.read(failure, 65536)  # ends with the exec, or tells why there was none
        os.close(failure)
        self._tell({"failed": loads(told)} if told else {"started": self._main})

    def _collect(self) -> bool:
        """Reap; tell of the main process's end. False when nothing of the command is left."""
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if not pid:
                return True
            if pid == self._main:
                self._main_ended = True
                code = os.waitstatus_to_exitcode(status)
                self._tell({"exit": code, "peak_memory_bytes": usage.ru_maxrss * 1024})

    def _hear_hive(self, _events: int) -> None:
        try:
            received = wire.receive(self._control)
        except OSError:
            received = None
        self._end(received[0]["end"] if received else 0.0)

    def _end(self, grace_s: float) -> None:
        """Ask the command's process group to end; what is left after the grace is killed."""
        if self._main_ended:
            grace_s = 0.0  # its number may mean somebody else by now: no signal to the group, and nobody to wait for
        elif self._kill_at is None and grace_s > 0:
            os.killpg(self._main, signal.SIGTERM)
        wanted = time.monotonic() + grace_s
        self._kill_at = wanted if self._kill_at is None else min(self._kill_at, wanted)

    def _patience(self) -> float | None:
        return None if self._kill_at is None else max(0.0, self._kill_at - time.monotonic())

    def _tell(self, message: wire.Message) -> None:
        try:
            wire.send(self._control, message)
        except OSError:
            self._end(0.0)  # Hive is gone, and nobody waits for this command any more
