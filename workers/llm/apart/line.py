"""Line: to the process that holds litellm. This process starts it at the first need, and keeps it.

Importing litellm costs seconds of a processor and 140 MB: there, they hold up neither a heartbeat nor what is prepared
meanwhile, and a worker stays as small as it was.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import queue
import socket
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from workers.llm.apart.failed import Failed

ROOT = Path(__file__).parents[3]
LONGEST_WAIT_S = 120.0  # for litellm to be there, on whatever busy machine
NOT_GIVEN = ("HIVE_", "DJANGO_")  # Hive's own secrets are none of litellm's business


class End:
    """After the last chunk."""


class Asked:
    """What was asked over a line, and what comes of it: chunks, then an End or a Failed."""

    def __init__(self, line: Line, number: int) -> None:
        self._line = line
        self._number = number
        self.found: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def get(self, timeout_s: float) -> Any:
        """Raises queue.Empty."""
        return self.found.get(timeout=timeout_s)

    def close(self) -> None:
        """Nobody listens any more: the request ends, and its connection with it."""
        self._line.forget(self._number)


class Line:
    """In charge of: the process, and who hears what of it. Any thread may ask."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair()
        environ = {name: value for name, value in os.environ.items() if not name.startswith(NOT_GIVEN)}
        environ["PYTHONPATH"] = str(ROOT)
        command = [sys.executable, "-P", "-m", "workers.llm.apart.program"]
        with theirs:
            self._process = subprocess.Popen(
                command, stdin=theirs.fileno(), stdout=subprocess.DEVNULL, env=environ, start_new_session=True
            )
        self.over = False
        self._numbers = itertools.count(1)
        self._asked: dict[int, Asked] = {}
        self._entries: dict[str, Any] = {}
        self._sending, self._changing = threading.Lock(), threading.Lock()
        threading.Thread(target=self._listen, name="hive-models", daemon=True).start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(self, **what: Any) -> Asked:
        number = next(self._numbers)
        asked = Asked(self, number)
        with self._changing:
            self._asked[number] = asked
        self._send({"number": number, **what})
        if self.over:
            asked.found.put(_gone())
        return asked

    def forget(self, number: int) -> None:
        with self._changing:
            under_way = self._asked.pop(number, None)
        if under_way:
            self._send({"number": number, "stop": True})

    def entry(self, model: str) -> Any:
        """What litellm's table says of a model; asked once. Raises Failed."""
        if model not in self._entries:
            asked = self.ask(entry=model)
            try:
                found = asked.get(LONGEST_WAIT_S)
            except queue.Empty:
                found = Failed("The process that calls models does not answer.")
            if isinstance(found, Failed):
                raise found
            self._entries[model] = found
        return self._entries[model]

    def _send(self, what: dict[str, Any]) -> None:
        with self._sending, contextlib.suppress(OSError):  # it has ended: whoever waits hears of it from _listen
            self._socket.sendall(json.dumps(what).encode() + b"\n")

    def _listen(self) -> None:
        """Hand over what comes, to the end of the process."""
        with contextlib.suppress(OSError), self._socket.makefile("rb") as lines:
            for line in lines:
                self._hand_over(json.loads(line, object_hook=lambda found: SimpleNamespace(**found)))
        with self._changing:
            self.over = True
            left = list(self._asked.values())
        for asked in left:
            asked.found.put(_gone())
        self._socket.close()
        self._process.wait()

    def _hand_over(self, told: Any) -> None:
        with self._changing:
            asked = self._asked.get(told.number) if hasattr(told, "chunk") else self._asked.pop(told.number, None)
        if asked is None:
            return
        if hasattr(told, "failed"):
            asked.found.put(Failed(**vars(told.failed)))
        else:
            asked.found.put(getattr(told, "chunk", None) or getattr(told, "entry", None) or End())


def _gone() -> Failed:
    return Failed("The process that calls models has ended.")


_lock = threading.Lock()
_here: tuple[int, Line] | None = None


def line() -> Line:
    """The line of this process. A forked child has its own; one whose other end has died is replaced."""
    global _here
    with _lock:
        if _here is None or _here[0] != os.getpid() or _here[1].over:
            _here = (os.getpid(), Line())
        return _here[1]


def begin() -> None:
    """Have litellm imported while whoever is about to call a model prepares other things."""
    line()
