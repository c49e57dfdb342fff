"""The sandbox of the kinds that run on this machine. What makes a kind is its LocalKind: see setup.py."""

from __future__ import annotations

import contextlib
import logging
import socket
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from workers.sandbox import sweep
from workers.sandbox.box import Box, KeeperGone
from workers.sandbox.command import GRACE_S, Command, Seen
from workers.sandbox.export import Export
from workers.sandbox.folders import Folders, disk_trouble, telling_disk_trouble
from workers.sandbox.inside import wire
from workers.sandbox.log import BoundedLog
from workers.sandbox.nursery import NURSERY
from workers.sandbox.orders import Orders
from workers.sandbox.port import WORKSPACE, Address, Ended, Forwarder, Limits, OnOutput, Programs, Result, SandboxError
from workers.sandbox.result import Rules, Sampled, conclude
from workers.sandbox.running import Input, LocalRunning, LocalTalking
from workers.sandbox.setup import LocalKind
from workers.sandbox.sockets import free_port, listen
from workers.sandbox.tree import Tree
from workers.sandbox.turn import Turn
from workers.sandbox.unpack import Bounds, unpack

logger = logging.getLogger(__name__)


class LocalSandbox:
    """See port.Sandbox."""

    def __init__(
        self,
        kind: LocalKind,
        scratch: Path,
        limits: Limits,
        label: str,
        sockets: Path | None,
        programs: Programs,
    ) -> None:
        """`sockets`: a folder for unix sockets, where scratch/label is too long a path for one."""
        self.kind = kind.name
        self._user = kind.user(scratch)
        self.warning = kind.warning(self._user)
        self.workspace = ""
        self._kind, self._limits, self._programs = kind, limits, programs
        self._folders = Folders(scratch, label)
        self._sockets = sockets or self._folders.root
        self._tree = Tree(self._folders.workspace, self._user)
        self._bounds = Bounds(entries=limits.files, size_bytes=limits.disk_bytes)
        self._killed: str | None = None
        self._turn = Turn()
        self._daemons: list[Command] = []
        self._started: list[LocalRunning] = []
        self._bound: list[Path] = []

    def __enter__(self) -> Self:
        sweep.make_anew(self._folders, self._user)
        try:
            self._setup = self._kind.arrange(self._folders, self._limits, self._user, self._programs)
            self.workspace = self._setup.workspace
            self._orders = Orders(self._setup, self._limits, self._user, self._folders.cookie)
            nursery = NURSERY if self._setup.plain else None
            argv, cookie = self._setup.argv, self._folders.cookie
            self._box = Box(self.kind, argv, cookie, self._orders.begin(), nursery)
            self._box.launch()
        except BaseException:
            self._folders.remove()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._killed is None:
            self._killed = "Its sandbox was closed."
        self._end(0.0)
        for running in self._started:
            with contextlib.suppress(SandboxError):
                running.wait()
        for command in self._daemons:
            command.close()
        for path in self._bound:
            path.unlink(missing_ok=True)
        try:
            self._folders.remove()
        except SandboxError as trouble:
            logger.warning("action=sandbox_remove %s", trouble)  # the next sweep tries again

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
        order = self._orders.command(argv, env, cwd, timeout_s=timeout_s)
        rules = Rules(self._limits, timeout_s, no_output_s)
        with self._turn:
            try:
                command = self._spawn(order)
            except KeeperGone:
                if self._killed is None:
                    raise
                return conclude(Seen(), Sampled(), self._killed, rules)
            try:
                return self._conclude(command.watch(on_output, timeout_s, no_output_s), rules)
            finally:
                self._let_go(command)

    def _spawn(self, order: wire.Message, third: int | None = None) -> Command:
        try:
            return Command(self._box, order, third)
        except OSError as error:
            raise SandboxError(f"No command can be started: {error.strerror}.") from error

    def _let_go(self, command: Command) -> None:
        """A warden whose command left a daemon behind goes on; the end of its socket would end it."""
        self._daemons.append(command)
        for each in [each for each in self._daemons if not each.left_something()]:
            each.close()
            self._daemons.remove(each)

    def _conclude(self, seen: Seen, rules: Rules) -> Result:
        sampled = Sampled()
        try:
            report = self._box.ask({"do": "report"})
            over = report["over"]
            sampled = Sampled(report["peak_memory_bytes"], (Ended(over[0]), over[1]) if over else None)
        except KeeperGone:
            if self._killed is None:
                raise
        return conclude(seen, sampled, self._killed, rules)

    def start(
        self,
        argv: Sequence[str],
        *,
        log: Path,
        port: int | None = None,
        env: Mapping[str, str] | None = None,
        cwd: str = WORKSPACE,
    ) -> LocalRunning:
        address, listener, inner_port = self._open_port(port)
        try:
            order = self._orders.command(argv, env, cwd, port=inner_port)
            output = BoundedLog(log)
            command = self._spawn(order, listener.fileno() if listener else None)
        except OSError as error:
            raise disk_trouble(error, log) from error
        finally:
            if listener:
                listener.close()  # the warden has its own copy
        running = LocalRunning(
            command, output, address, self._box.pid, lambda seen: self._conclude(seen, Rules(self._limits))
        )
        self._started.append(running)
        return running

    def converse(
        self,
        argv: Sequence[str],
        *,
        on_output: OnOutput,
        env: Mapping[str, str] | None = None,
        cwd: str = WORKSPACE,
    ) -> LocalTalking:
        order = self._orders.command(argv, env, cwd, spoken_to=True)
        given = Input(on_output)
        try:
            command = self._spawn(order, given.theirs)
        except BaseException:
            given.close()
            raise
        finally:
            given.let_go()
        talking = LocalTalking(command, given, self._box.pid, lambda seen: self._conclude(seen, Rules(self._limits)))
        self._started.append(talking)
        return talking

    def _open_port(self, port: int | None) -> tuple[Address | None, socket.socket | None, int | None]:
        if port is None:
            return None, None, None
        if not self._setup.own_loopback:
            port = free_port()
            return ("tcp", "127.0.0.1", port), None, port
        listener, path = listen(self._sockets)
        self._bound.append(path)
        return ("unix", str(path)), listener, port

    def listen(self, forwarder: Forwarder | None = None) -> socket.socket:  # noqa: ARG002 - see port.Sandbox
        answer, fds = self._box.fetch({"do": "listen"})
        if not fds:
            raise SandboxError(f"No socket can be opened in the sandbox: {answer.get('failed')}.")
        return socket.socket(fileno=fds[0])

    def read(self, path: str, limit_bytes: int) -> bytes:
        return self._tree.read(path, limit_bytes)

    def write(self, path: str, data: bytes, mode: int = 0o644) -> None:
        with telling_disk_trouble(self._folders.workspace):
            self._tree.write(path, data, mode)

    def unpack(self, tar: BinaryIO) -> None:
        with telling_disk_trouble(self._folders.workspace):
            unpack(tar, self._tree, self._bounds)

    def export(self, globs: Iterable[str], *, since_ns: int = 0) -> Export:
        return Export(self._tree, globs, self._bounds, since_ns)

    def kill(self, why: str) -> None:
        if self._killed is None:
            self._killed = why
        self._end(GRACE_S)

    def _end(self, grace_s: float) -> None:
        if not self._box.end(grace_s):
            sweep.end_leftovers(self._folders.root)
