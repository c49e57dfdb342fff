"""A long-lived process in a local sandbox."""

from __future__ import annotations

import contextlib
import os
import select
import threading
from collections.abc import Callable
from typing import Protocol

from workers.sandbox.command import Command, Seen
from workers.sandbox.port import Address, Ended, OnOutput, Result, SandboxError

_TICK_S = 0.1  # how late the end of a process that does not read is noticed


class Sink(Protocol):
    """Where output goes: a log, or whoever listens."""

    def write(self, data: bytes) -> None: ...

    def close(self) -> None: ...


class LocalRunning:
    """A thread hands its output over and sees its end."""

    def __init__(
        self, command: Command, sink: Sink, address: Address | None, pid: int, conclude: Callable[[Seen], Result]
    ) -> None:
        self.address = address
        self.pid = pid
        self._command = command
        self._sink = sink
        self._conclude = conclude
        self._result: Result | None = None
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._watch, name="sandbox-process", daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        try:
            self._result = self._conclude(self._command.watch(self._sink.write, None, None))
        except Exception as error:
            self._failure = error
        finally:
            self._command.close()
            self._sink.close()

    def poll(self) -> Result | None:
        if self._thread.is_alive():
            return None
        return self.wait()

    def stop(self, grace_s: float = 5.0) -> Result:
        if self._thread.is_alive():
            self._command.end(grace_s, Ended.STOPPED)
        return self.wait()

    def wait(self) -> Result:
        """Until it has ended. Raises SandboxError where the sandbox cannot say how."""
        self._thread.join()
        if self._result is None:
            raise self._failure or AssertionError("ended without a result")
        return self._result


class Listener:
    """The sink of a process whose output somebody listens to, until he has heard enough."""

    def __init__(self, on_output: OnOutput) -> None:
        self._on_output = on_output
        self._deaf = False
        self.on_enough: Callable[[], None] = lambda: None

    def write(self, data: bytes) -> None:
        try:
            if not self._deaf:
                self._on_output(data)
        except Exception:
            self._deaf = True
            self.on_enough()

    def close(self) -> None:
        """Nothing of it is open."""


class Input(Listener):
    """The same, with Hive's end of what the process reads."""

    def __init__(self, on_output: OnOutput) -> None:
        super().__init__(on_output)
        self._saying = threading.Lock()
        self._over = threading.Event()
        self.theirs, self._ours = os.pipe()
        os.set_blocking(self._ours, False)

    def say(self, data: bytes) -> None:
        """See port.Talking."""
        left = memoryview(data)
        poll = select.poll()
        with self._saying:
            if not self._over.is_set():
                poll.register(self._ours, select.POLLOUT)
            while left:
                if self._over.is_set():
                    raise SandboxError("The process has ended; nothing can be said to it.")
                if poll.poll(_TICK_S * 1000):
                    left = left[self._some(left) :]

    def _some(self, data: memoryview) -> int:
        try:
            return os.write(self._ours, data)
        except BlockingIOError:
            return 0
        except BrokenPipeError as error:
            raise SandboxError("The process does not read any more.") from error

    def close(self) -> None:
        self._over.set()
        with self._saying:
            if self._ours >= 0:
                os.close(self._ours)
                self._ours = -1

    def let_go(self) -> None:
        """Of the end that the process has by now, or will never have."""
        with contextlib.suppress(OSError):
            os.close(self.theirs)


class LocalTalking(LocalRunning):
    """The same for one that is spoken to."""

    def __init__(self, command: Command, given: Input, pid: int, conclude: Callable[[Seen], Result]) -> None:
        self._given = given
        given.on_enough = lambda: command.end(0.0, Ended.STOPPED)
        super().__init__(command, given, None, pid, conclude)

    def say(self, data: bytes) -> None:
        self._given.say(data)
