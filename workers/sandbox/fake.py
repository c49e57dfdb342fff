"""A sandbox that runs nothing: it answers from a script. Its files are real, in a temporary folder."""

from __future__ import annotations

import socket
import tempfile
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from workers.sandbox.environment import build, check_arguments
from workers.sandbox.export import Export
from workers.sandbox.port import WORKSPACE, Address, Ended, Forwarder, OnOutput, Result, SandboxError
from workers.sandbox.tree import Tree
from workers.sandbox.unpack import Bounds, unpack


@dataclass(frozen=True)
class Answer:
    """What a command does: print, write files, end. `hangs`: it goes on until it is killed or out of time."""

    exit_code: int = 0
    output: bytes = b""
    writes: Mapping[str, bytes] = field(default_factory=dict)
    ended: Ended = Ended.EXITED
    message: str = ""
    hangs: bool = False


@dataclass(frozen=True)
class Call:
    """A command that was asked for, with the variables that the caller added."""

    argv: list[str]
    env: dict[str, str]
    cwd: str


Script = Mapping[str, Answer] | Callable[[list[str]], Answer]
"""By the command line, joined with spaces; or any function. A command that the mapping does not know is not found."""


class FakeSandbox:
    """See port.Sandbox. `calls` tells afterwards what was run."""

    kind = "fake"
    workspace = WORKSPACE

    def __init__(self, script: Script | None = None, *, warning: str = "", bounds: Bounds | None = None) -> None:
        self.warning = warning
        self.calls: list[Call] = []
        self.started: list[FakeRunning] = []
        self._script = script or {}
        self._bounds = bounds or Bounds()
        self._stop = threading.Event()
        self._why = ""

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="fake-sandbox-")
        self._tree = Tree(Path(self._folder.name))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill("Its sandbox was closed.")
        self._folder.cleanup()

    def run(
        self,
        argv: Sequence[str],
        *,
        timeout_s: float,
        on_output: OnOutput,
        no_output_s: float | None = None,
        env: Mapping[str, str] | None = None,
        cwd: str = WORKSPACE,
    ) -> Result:
        answer = self._answer(argv, env, cwd)
        if self._stop.is_set():
            return self._result(Ended.STOPPED, None, 0, self._why)
        if answer.output:
            on_output(answer.output)
        for path, data in answer.writes.items():
            self.write(path, data)
        if answer.hangs:
            return self._hang(answer, timeout_s, no_output_s)
        return self._result(answer.ended, answer.exit_code, len(answer.output), answer.message)

    def _answer(self, argv: Sequence[str], env: Mapping[str, str] | None, cwd: str) -> Answer:
        self._tree.names(cwd)
        build({}, env)
        command = check_arguments(argv)
        self.calls.append(Call(command, dict(env or {}), cwd))
        if callable(self._script):
            return self._script(command)
        return self._script.get(" ".join(command)) or Answer(127, f"{command[0]}: Command not found\n".encode())

    def _hang(self, answer: Answer, timeout_s: float, no_output_s: float | None) -> Result:
        silent_first = no_output_s is not None and no_output_s < timeout_s
        patience_s = min(timeout_s, no_output_s) if no_output_s is not None else timeout_s
        if self._stop.wait(patience_s):
            return self._result(Ended.STOPPED, None, len(answer.output), self._why)
        ended = Ended.NO_OUTPUT if silent_first else Ended.TIMED_OUT
        return self._result(ended, None, len(answer.output), f"It was ended after {patience_s:g} s.")

    @staticmethod
    def _result(ended: Ended, exit_code: int | None, output_bytes: int, message: str) -> Result:
        code = exit_code if ended is Ended.EXITED else None
        return Result(code, ended, 0.0, output_bytes, 0, message or (f"It exited with {code}." if code else ""))

    def start(
        self,
        argv: Sequence[str],
        *,
        log: Path,
        port: int | None = None,
        env: Mapping[str, str] | None = None,
        cwd: str = WORKSPACE,
    ) -> FakeRunning:
        answer = self._answer(argv, env, cwd)
        log.write_bytes(answer.output)
        running = FakeRunning(("tcp", "127.0.0.1", port) if port else None)
        if not answer.hangs:
            running.end(self._result(answer.ended, answer.exit_code, len(answer.output), answer.message))
        self.started.append(running)
        return running

    def converse(
        self,
        argv: Sequence[str],
        *,
        on_output: OnOutput,
        env: Mapping[str, str] | None = None,
        cwd: str = WORKSPACE,
    ) -> FakeTalking:
        answer = self._answer(argv, env, cwd)
        talking = FakeTalking()
        if answer.output:
            on_output(answer.output)
        if not answer.hangs:
            talking.end(self._result(answer.ended, answer.exit_code, len(answer.output), answer.message))
        self.started.append(talking)
        return talking

    def listen(self, forwarder: Forwarder | None = None) -> socket.socket:  # noqa: ARG002 - see port.Sandbox
        return socket.create_server(("127.0.0.1", 0))

    def read(self, path: str, limit_bytes: int) -> bytes:
        return self._tree.read(path, limit_bytes)

    def write(self, path: str, data: bytes, mode: int = 0o644) -> None:
        self._tree.write(path, data, mode)

    def unpack(self, tar: BinaryIO) -> None:
        unpack(tar, self._tree, self._bounds)

    def export(self, globs: Iterable[str], *, since_ns: int = 0) -> Export:
        return Export(self._tree, globs, self._bounds, since_ns)

    def kill(self, why: str) -> None:
        self._why = self._why or why
        self._stop.set()
        for running in self.started:
            running.end(self._result(Ended.STOPPED, None, 0, why))


class FakeRunning:
    """A process that lives until it is told otherwise."""

    def __init__(self, address: Address | None) -> None:
        self.address = address
        self.pid = 0
        self._result: Result | None = None

    def end(self, result: Result) -> None:
        """Let it end by itself; the first end counts."""
        self._result = self._result or result

    def poll(self) -> Result | None:
        return self._result

    def stop(self, grace_s: float = 5.0) -> Result:
        self._result = self._result or Result(0, Ended.STOPPED, 0.0, 0, 0, f"It was stopped within {grace_s:g} s.")
        return self._result


class FakeTalking(FakeRunning):
    """One that is spoken to: `said` holds what it was told."""

    def __init__(self) -> None:
        super().__init__(None)
        self.said = bytearray()

    def say(self, data: bytes) -> None:
        if self._result is not None:
            raise SandboxError("The process has ended; nothing can be said to it.")
        self.said += data
