"""Hive's end of a sandbox's container: starts it, asks it for things, ends it."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workers.sandbox import environment
from workers.sandbox.docker.create import Made
from workers.sandbox.docker.engine import telling
from workers.sandbox.docker.scripts import LOOK
from workers.sandbox.docker.stream import OUTPUT, Stream
from workers.sandbox.port import SandboxError

if TYPE_CHECKING:
    from docker import APIClient

_ANSWER_S = 10.0
_KILL_S = 1.0


class BoxGone(SandboxError):
    """The container has ended, or does not answer."""


@dataclass(frozen=True)
class Counts:
    """What the kernel counted since the container was started."""

    out_of_memory: int = 0
    refused_processes: int = 0
    memory_bytes: int = 0


class Box:
    """One container. Thread-safe. It may be emptied, and then starts again with the next thing that is asked for."""

    def __init__(self, client: APIClient, made: Made, cookie: str) -> None:
        self.client = client
        self.made = made
        self.cookie = cookie
        self._lock = threading.RLock()
        self._keeper: Stream | None = None
        self.ended = False  # for good
        self.starts = 0
        self._killed = False  # and not started since
        self.on_start: Callable[[], None] = lambda: None  # before anything of the job's can run

    def ready(self) -> None:
        """Started, and its keeper listens. Raises SandboxError, BoxGone."""
        with self._lock:
            if self.ended:
                raise BoxGone("The sandbox has ended.")
            if self._keeper is None:
                self._start()

    def _start(self) -> None:
        options = {"stdin": 1, "stdout": 1, "stderr": 0, "stream": 1}
        with telling("The container cannot be started"):
            self._await_death()
            keeper = Stream(self.client.attach_socket(self.made.container, params=options))
            try:
                self.client.start(self.made.container)
                self.on_start()
            except BaseException:
                keeper.close()
                raise
        self._keeper = keeper
        self.starts += 1
        self._killed = False

    def _await_death(self) -> None:
        """One that is still dying would be found running, and not be started."""
        until = time.monotonic() + _ANSWER_S
        while self._killed and time.monotonic() < until:
            if not self.client.inspect_container(self.made.container)["State"]["Running"]:
                return
            time.sleep(0.05)

    def count(self) -> Counts:
        """Raises BoxGone."""
        with self._lock:
            keeper = self._keeper
            if keeper is None:
                raise BoxGone("The sandbox was emptied.")
            try:
                keeper.send(b"\n")
                line = keeper.read_line(_ANSWER_S)
                return Counts(*map(int, (line or "").split()))
            except (OSError, ValueError, TypeError):
                line = None
            raise BoxGone(f"The sandbox ended unexpectedly. {self.why_it_ended()}".strip())

    def why_it_ended(self) -> str:
        """As the engine tells it; `out of memory` when that was the reason."""
        with contextlib.suppress(SandboxError), telling("The container cannot be looked at"):
            state = self.client.inspect_container(self.made.container)["State"]
            if state.get("OOMKilled"):
                return "out of memory"
            return str(state.get("Error") or "" if state.get("Running") else "Its container was ended.")
        return "The engine does not answer."

    def execute(self, argv: Sequence[str], env: Mapping[str, str]) -> tuple[str, Stream]:
        """Start a process as the job's user; it should wait for a line before it prints. Its number and its stream."""
        self.ready()
        user = f"{self.made.uid}:{self.made.uid}"
        with telling("A command cannot be started"):
            number = self.client.exec_create(
                self.made.container, list(argv), stdin=True, user=user, environment=dict(env), workdir="/"
            )["Id"]
            return number, Stream(self.client.exec_start(number, socket=True))

    def script(self, text: str, *arguments: str, within_s: float = _ANSWER_S) -> tuple[int | None, str]:
        """Run one of Hive's own scripts; its exit code and what it printed. None: it did not end in time."""
        mark = {environment.SANDBOX: f"{self.cookie}.hive."}
        number, stream = self.execute(["/bin/sh", "-c", f"read -r go\n{text}", "sh", *arguments], mark)
        printed = bytearray()
        try:
            stream.send(b"\n")
            stream.finish_sending()
            while not stream.ended and within_s > 0:
                within_s -= 0 if (pieces := stream.read(0.1)) else 0.1
                printed += b"".join(data for sort, data in pieces if sort == OUTPUT)
        except OSError:
            pass
        finally:
            stream.close()
        return self.exit_code(number) if stream.ended else None, printed.decode(errors="replace")

    def exit_code(self, number: str) -> int | None:
        with telling("A command cannot be looked at"):
            return self.client.exec_inspect(number)["ExitCode"]

    def look(self, places: Sequence[str]) -> str:
        """What `places` hold on disk, in the words of scripts.LOOK. Raises SandboxError where it could not be told."""
        code, said = self.script(LOOK, *places, within_s=120.0)
        if code != 0:
            raise SandboxError("What lies on disk could not be measured.")
        return said

    def pid(self) -> int:
        with telling("The container cannot be looked at"):
            return int(self.client.inspect_container(self.made.container)["State"]["Pid"])

    def empty(self) -> None:
        """End everything inside, at once; files stay. What is asked for next starts the container again."""
        with self._lock:
            if not self.ended:
                self._kill()

    def end(self) -> None:
        """The same, for good; the files can still be read."""
        self.ended = True
        got = self._lock.acquire(timeout=1.0)  # whoever holds it longer waits for an engine that does not answer
        try:
            self._kill()
        finally:
            if got:
                self._lock.release()

    def _kill(self) -> None:
        keeper, self._keeper = self._keeper, None
        if keeper is None:
            return
        self._killed = True
        killer = threading.Thread(target=self._kill_container, name="sandbox-kill", daemon=True)
        killer.start()
        killer.join(_KILL_S)
        keeper.close()  # ends it too, should the engine be deaf to everything else

    def _kill_container(self) -> None:
        """The engine sends the signal at once, and answers when it has tidied up: with much to do, seconds later."""
        with contextlib.suppress(SandboxError), telling("The container cannot be ended"):
            self.client.kill(self.made.container)

    def archive(self, path: str) -> tuple[Any, dict[str, Any]] | None:
        """What lies there, as chunks of a tar, and what it is; None where nothing is."""
        from docker.errors import NotFound

        with telling(f"{path} cannot be read"):
            try:
                chunks, what = self.client.get_archive(self.made.container, path)
            except NotFound:
                return None
            return chunks, what
