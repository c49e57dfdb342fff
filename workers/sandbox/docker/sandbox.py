"""The sandbox of kind `docker`. See __init__.py for who does what."""

from __future__ import annotations

import contextlib
import itertools
import logging
import socket
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from workers.sandbox import sweep
from workers.sandbox.command import Seen
from workers.sandbox.docker import create, images, network, relay
from workers.sandbox.docker.arrivals import Arrivals
from workers.sandbox.docker.box import Box, BoxGone
from workers.sandbox.docker.command import Command
from workers.sandbox.docker.door import Door
from workers.sandbox.docker.engine import Engine, connect
from workers.sandbox.docker.files import Files
from workers.sandbox.docker.given import Given, Own, given
from workers.sandbox.docker.meter import Meter
from workers.sandbox.docker.running import DockerRunning, DockerTalking
from workers.sandbox.folders import Folders, disk_trouble, telling_disk_trouble
from workers.sandbox.log import BoundedLog
from workers.sandbox.port import WORKSPACE, Forwarder, Limits, OnOutput, Programs, Result, SandboxError
from workers.sandbox.result import Rules, Sampled, conclude
from workers.sandbox.running import Listener
from workers.sandbox.turn import Turn
from workers.sandbox.unpack import Bounds

logger = logging.getLogger(__name__)
_CLOSED = "Its sandbox was closed."


class DockerSandbox:
    """See port.Sandbox."""

    kind = "docker"
    workspace = WORKSPACE

    def __init__(
        self,
        engine: Engine,
        image: str,
        scratch: Path,
        limits: Limits,
        label: str,
        sockets: Path | None,
        programs: Programs,
    ) -> None:
        """`image`: empty for the engine's usual one. `scratch`: where files are looked at on their way in or out."""
        self.warning = ""
        self._engine, self._image, self._limits, self._label = engine, image or engine.image, limits, label
        self._programs, self._folders = programs, Folders(scratch, label)
        self._sockets = sockets or self._folders.root
        self._bounds = Bounds(entries=limits.files, size_bytes=limits.disk_bytes)
        self._made = create.Made(create.new_name(label))
        self._killed: str | None = None
        self._box: Box | None = None
        self._turn, self._numbers = Turn(), itertools.count(1)
        self._started: list[DockerRunning] = []

    def __enter__(self) -> Self:
        sweep.make_anew(self._folders, None)
        try:
            self._client = connect()
            self._variables = self._make()
        except BaseException:
            self._remove()
            raise
        if self._made.warnings:
            self.warning = f"The Docker engine warns: {' '.join(self._made.warnings)}"
        return self

    @property
    def has_quota(self) -> bool:
        """Whether the kernel holds the sum of what lies on disk."""
        return self._made.quota

    def _make(self) -> dict[str, str]:
        """The image's variables."""
        image = images.obtain(self._client, self._engine, self._image)
        order = create.Order(self._label, self._limits, image, programs=self._programs)
        if self._limits.network:
            order = network.with_network(self._client, self._engine, order, self._made)
        create.make(self._client, self._engine, order, self._made)
        box = Box(self._client, self._made, self._folders.cookie)
        places = () if self._made.quota else (WORKSPACE, create.HOME)
        self._meter = Meter(box, self._limits, places)
        self._files = Files(box, self._folders.tmp, self._bounds)
        if self._limits.network:
            box.on_start = lambda: network.close_it(self._client, self._engine, self._label, self._made)
        self._box = box
        if self._killed is not None:
            box.end()
        return image.variables

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill(_CLOSED)
        for running in self._started:
            with contextlib.suppress(SandboxError):
                running.wait()
        self._remove()

    def _remove(self) -> None:
        with contextlib.suppress(AttributeError):
            for trouble in create.remove(self._client, self._engine, self._label, self._made):
                logger.warning("action=sandbox_remove %s", trouble)  # the janitor tries again
            self._client.close()
        try:
            self._folders.remove()
        except SandboxError as trouble:
            logger.warning("action=sandbox_remove %s", trouble)

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
        order, rules = self._given(argv, env, cwd), Rules(self._limits, timeout_s, no_output_s)
        with self._turn:
            if self._killed is not None:
                return conclude(Seen(), Sampled(), self._killed, rules)
            try:
                command = self._begin(order)
            except SandboxError:
                if self._killed is None:
                    raise
                return conclude(Seen(), Sampled(), self._killed, rules)
            try:
                command.watch(on_output, timeout_s, no_output_s)
                return self._conclude(command, rules)
            finally:
                self._meter.finish()

    def _given(self, argv: Sequence[str], env: Mapping[str, str] | None, cwd: str, port: int | None = None) -> Given:
        mark = f"{self._folders.cookie}.{next(self._numbers)}."
        path = self._variables.get("PATH", "")
        return given(argv, env, cwd, Own(mark, path, port, tuple(self._meter.places), self._programs))

    def _begin(self, order: Given) -> Command:
        """The caller says when it has finished."""
        self._files.untouched = False
        self._meter.begin()
        try:
            assert self._box is not None  # noqa: S101 - entered
            return Command(self._box, order)
        except BaseException:
            self._meter.finish()
            raise

    def _conclude(self, command: Command, rules: Rules) -> Result:
        sampled = Sampled()
        try:
            sampled = self._meter.report(command.disk)
        except BoxGone:
            sampled = self._meter.reported()
            seen = command.seen
            if self._killed is None and sampled.over is None and seen.cut is None and seen.exit_code is None:
                raise
        return conclude(command.seen, sampled, self._killed, rules)

    def start(
        self,
        argv: Sequence[str],
        *,
        log: Path,
        port: int | None = None,
        env: Mapping[str, str] | None = None,
        cwd: str = WORKSPACE,
    ) -> DockerRunning:
        box, command = self._live(), self._begin(self._given(argv, env, cwd, port))
        with self._giving_up(command, log):
            door = Door(box, self._sockets, port) if port else None
            running = DockerRunning(command, BoundedLog(log), door, box.pid(), lambda: self._finish(command))
        self._started.append(running)
        return running

    def converse(
        self,
        argv: Sequence[str],
        *,
        on_output: OnOutput,
        env: Mapping[str, str] | None = None,
        cwd: str = WORKSPACE,
    ) -> DockerTalking:
        order = replace(self._given(argv, env, cwd), spoken_to=True)
        box, command = self._live(), self._begin(order)
        with self._giving_up(command, self._folders.tmp):
            talking = DockerTalking(command, Listener(on_output), box.pid(), lambda: self._finish(command))
        self._started.append(talking)
        return talking

    def _live(self) -> Box:
        if self._box is None or self._killed is not None:
            raise SandboxError(self._killed or _CLOSED)
        return self._box

    @contextlib.contextmanager
    def _giving_up(self, command: Command, log: Path) -> Iterator[None]:
        """It waits for a word that will not come; the end of its input ends it."""
        try:
            yield
        except BaseException as error:
            command.close()
            self._meter.finish()
            if isinstance(error, OSError):
                raise disk_trouble(error, log) from error
            raise

    def _finish(self, command: Command) -> Result:
        try:
            return self._conclude(command, Rules(self._limits))
        finally:
            self._meter.finish()

    def listen(self, forwarder: Forwarder | None = None) -> socket.socket:
        return relay.listen(forwarder, self.converse)

    def read(self, path: str, limit_bytes: int) -> bytes:
        return self._files.read(path, limit_bytes)

    def write(self, path: str, data: bytes, mode: int = 0o644) -> None:
        with telling_disk_trouble(self._folders.tmp):
            self._files.write(path, data, mode)

    def unpack(self, tar: BinaryIO) -> None:
        with telling_disk_trouble(self._folders.tmp):
            self._files.unpack(tar)

    def export(self, globs: Iterable[str], *, since_ns: int = 0) -> Arrivals:  # noqa: ARG002 - see Files.export
        return self._files.export(globs)

    def kill(self, why: str) -> None:
        if self._killed is None:
            self._killed = why
        if self._box is not None:
            with contextlib.suppress(SandboxError):  # an engine that is away: the end of the keeper's input ends it
                self._box.end()
