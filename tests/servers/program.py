"""What private servers of tests have in common: one program, started until it answers, ended by a signal."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path


class ServerProgram:
    """A subclass sets `_process` when it starts it, and says how it is asked."""

    name = ""
    patience_s = 60.0
    silent: tuple[type[Exception], ...] = (OSError,)  # what _ask raises as long as it does not answer

    def __init__(self, folder: Path, log: str = "log") -> None:
        self.folder = folder
        self._log = folder / log
        self._process: subprocess.Popen[bytes] | None = None

    def _ask(self) -> None:
        raise NotImplementedError

    def _wait_until_it_answers(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + self.patience_s
        while True:
            try:
                return self._ask()
            except self.silent as error:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    tail = self._log.read_text()[-3000:]
                    raise AssertionError(f"{self.name} does not start: {error}\n{tail}") from error
                time.sleep(0.05)

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(self.patience_s)
            self._process = None
