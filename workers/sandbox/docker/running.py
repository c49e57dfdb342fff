"""A long-lived process in a container."""

from __future__ import annotations

import threading
from collections.abc import Callable

from workers.sandbox.docker.command import Command
from workers.sandbox.docker.door import Door
from workers.sandbox.port import Address, Ended, Result
from workers.sandbox.running import Listener, Sink


class DockerRunning:
    """A thread hands its output over and sees its end; see port.Running."""

    def __init__(
        self, command: Command, sink: Sink, door: Door | None, pid: int, conclude: Callable[[], Result]
    ) -> None:
        self.pid = pid
        self.address: Address | None = ("unix", str(door.path)) if door else None
        self._command, self._sink, self._door, self._conclude = command, sink, door, conclude
        self._result: Result | None = None
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._watch, name="sandbox-process", daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        try:
            self._command.watch(self._sink.write, None, None)
            self._result = self._conclude()
        except Exception as error:
            self._failure = error
        finally:
            if self._door:
                self._door.close()
            self._sink.close()

    def poll(self) -> Result | None:
        return None if self._thread.is_alive() else self.wait()

    def stop(self, grace_s: float = 5.0) -> Result:
        if self._thread.is_alive():
            self._command.end(grace_s, Ended.STOPPED)
        return self.wait()

    def wait(self) -> Result:
        """Until it has ended. Raises SandboxError where nobody can say how."""
        self._thread.join()
        if self._result is None:
            raise self._failure or AssertionError("ended without a result")
        return self._result


class DockerTalking(DockerRunning):
    """One that is spoken to; see port.Talking."""

    def __init__(self, command: Command, listener: Listener, pid: int, conclude: Callable[[], Result]) -> None:
        listener.on_enough = lambda: command.end(0.0, Ended.STOPPED)
        super().__init__(command, listener, None, pid, conclude)

    def say(self, data: bytes) -> None:
        self._command.say(data)
