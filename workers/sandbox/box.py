"""Hive's end of a running sandbox: launches its keeper, asks it for things, ends it."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import struct
import threading
from collections.abc import Sequence

from workers.sandbox.inside import wire
from workers.sandbox.nursery import Nursery
from workers.sandbox.port import SandboxError
from workers.sandbox.starting import Process, Started, compile_inside, complaint_of, control_pair, is_readable

_START_S = 20.0
_ANSWER_S = 15.0
_GONE_S = 2.0
_CREDENTIALS = struct.Struct("iii")


class KeeperGone(SandboxError):
    """The process that holds the sandbox has ended or does not answer."""


class Box:
    """One keeper. `launch` does not wait; the first request does. Thread-safe."""

    def __init__(
        self, name: str, argv: Sequence[str], cookie: str, begin: wire.Message, nursery: Nursery | None = None
    ) -> None:
        """`argv` starts the keeper, without its two numbers; `begin` is its first message.

        `nursery`: where the keeper is a process of this machine like any other, so that it may be forked.
        """
        self._name = name
        self._argv = list(argv)
        self._cookie = cookie
        self._nursery = nursery
        self._begin = begin
        self._lock = threading.Lock()
        self._ended = False
        self._cleared = False
        self._ready = False
        self._pidfd = -1
        self.pid = 0

    def launch(self) -> None:
        """Raises SandboxError when the program to launch is not there."""
        compile_inside()
        forked = self._nursery.fork(self._cookie) if self._nursery else None
        self._process, self._control = forked or self._start()
        with contextlib.suppress(OSError):  # an early end is reported by the first request
            wire.send(self._control, {"do": "begin", **self._begin})

    def _start(self) -> tuple[Process, socket.socket]:
        control, theirs = control_pair()
        try:
            return Started(self._argv, theirs, self._cookie), control
        except OSError as error:
            control.close()
            self._ended = True
            raise SandboxError(
                f"{self._name}: {self._argv[0]} cannot be started: {error.strerror}.", permanent=True
            ) from error
        finally:
            theirs.close()

    def ask(self, request: wire.Message, fds: Sequence[int] = ()) -> wire.Message:
        """Send a request, wait for its answer. Raises KeeperGone."""
        with self._lock:
            self._await_ready()
            return self._exchange(request, fds, _ANSWER_S)[0]

    def fetch(self, request: wire.Message) -> tuple[wire.Message, list[int]]:
        """The same for a request that is answered with descriptors too; they are the caller's to close."""
        with self._lock:
            self._await_ready()
            return self._exchange(request, (), _ANSWER_S)

    def _exchange(self, request: wire.Message, fds: Sequence[int], timeout_s: float) -> tuple[wire.Message, list[int]]:
        try:
            self._control.settimeout(timeout_s)
            wire.send(self._control, request, fds)
            answer = wire.receive(self._control)
        except OSError as error:
            raise KeeperGone(f"{self._name}: the sandbox does not answer ({error}).") from error
        if answer is None:
            raise KeeperGone(f"{self._name}: the sandbox ended unexpectedly. {complaint_of(self._process)}".strip())
        return answer

    def _await_ready(self) -> None:
        if self._ended:
            raise KeeperGone(f"{self._name}: the sandbox has ended.")
        if self._ready:
            return
        self._control.settimeout(_START_S)
        with contextlib.suppress(OSError):
            self._learn_pid()
            if wire.receive(self._control):
                self._control.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 0)
                self._ready = True
                return
        raise KeeperGone(f"{self._name}: the sandbox did not start. {complaint_of(self._process)}".strip())

    def _learn_pid(self) -> None:
        """The kernel itself tells the sender's number, as it is called out here."""
        _byte, extras, _flags, _address = self._control.recvmsg(
            1, socket.CMSG_SPACE(_CREDENTIALS.size), socket.MSG_PEEK
        )
        for level, sort, data in extras:
            if level == socket.SOL_SOCKET and sort == socket.SCM_CREDENTIALS:
                self.pid = _CREDENTIALS.unpack(data[: _CREDENTIALS.size])[0]
                self._pidfd = os.pidfd_open(self.pid)

    def end(self, grace_s: float) -> bool:
        """End everything inside and the keeper; safe to call twice and from any thread.

        True when the keeper has seen to it that nothing is left; False when it could not say so.
        """
        got = self._lock.acquire(timeout=1.0)
        try:
            if not self._ended:
                self._ended = True
                self._cleared = got and self._stop(grace_s)
                with contextlib.suppress(OSError):  # a keeper that could not answer sees the end of its socket
                    self._control.shutdown(socket.SHUT_RDWR)
                self._wait_for_end()
                self._control.close()
            return self._cleared
        finally:
            if got:
                self._lock.release()

    def _stop(self, grace_s: float) -> bool:
        if not self._ready:
            return True  # it has not been asked for anything yet
        with contextlib.suppress(SandboxError):
            return bool(self._exchange({"do": "stop", "grace_s": grace_s}, (), grace_s + 1.0)[0]["gone"])
        return False

    def _wait_for_end(self) -> None:
        if not self._process.has_ended(0.5 if self._ready else 2.0):
            with contextlib.suppress(OSError):
                if self._pidfd >= 0:
                    signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
            self._process.kill()
            self._process.has_ended(_GONE_S)
        self._process.close()
        if self._pidfd >= 0:  # process 1 of a namespace is gone only when the kernel has ended all others in it
            is_readable(self._pidfd, _GONE_S)
            os.close(self._pidfd)
            self._pidfd = -1
