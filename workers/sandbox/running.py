"""A long-lived process in a local sandbox."""

from __future__ import annotations

import threading
from collections.abc import Callable

from workers.sandbox.command import Command, Seen
from workers.sandbox.log import BoundedLog
from workers.sandbox.port import Address, Ended, Result


class LocalRunning:
    """A thread reads its output into the log and sees its end."""

    def __init__(
        self, command: Command, log: BoundedLog, address: Address | None, pid: int, conclude: Callable[[Seen], Result]
    ) -> None:
        self.address = address
        self.pid = pid
        self._command = command
        self._log = log
        self._conclude = conclude
        self._result: Result | None = None
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._watch, name="sandbox-process", daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        try:
            self._result = self._conclude(self._command.watch(self._log.write, None, None))
        except Exception as error:
            self._failure = error
        finally:
            self._command.close()
            self._log.close()

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
