"""One command at a time: who comes while another one runs is told so, and does not wait."""

from __future__ import annotations

import threading

from workers.sandbox.port import SandboxError


class Turn:
    """A lock that nobody waits for."""

    def __init__(self) -> None:
        self._busy = threading.Lock()

    def __enter__(self) -> None:
        if not self._busy.acquire(blocking=False):
            raise SandboxError("This sandbox runs a command already; one at a time.", permanent=True)

    def __exit__(self, *_: object) -> None:
        self._busy.release()
