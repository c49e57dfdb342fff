"""The sandbox port: where commands run that nobody vouches for.

A red command is a Result, not an exception. SandboxError means that the sandbox itself could not do its part.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Literal, Protocol, Self

MIB = 1024 * 1024
GIB = 1024 * MIB
WORKSPACE = "/workspace"

Address = tuple[Literal["unix"], str] | tuple[Literal["tcp"], str, int]
"""("unix", path) or ("tcp", host, port): where Hive reaches a long-lived process."""

OnOutput = Callable[[bytes], None]

Programs = Mapping[str, Path]
"""Programs of this machine that commands find on their PATH besides the system's: name → file."""


@dataclass(frozen=True)
class Forwarder:
    """A command that listens inside and carries what comes to Hive; docker/relay.py says how the two speak."""

    argv: Sequence[str]
    env: Mapping[str, str]


class Ended(StrEnum):
    """Why a command is over. Printing too much is no reason: whoever reads bounds what he keeps."""

    EXITED = "exited"  # by itself; or a signal that did not come from the sandbox ended it
    TIMED_OUT = "timed_out"
    NO_OUTPUT = "no_output"  # it printed nothing for too long
    STOPPED = "stopped"  # kill() or stop()
    OUT_OF_MEMORY = "out_of_memory"
    TOO_MANY_PROCESSES = "too_many_processes"
    DISK_LIMIT = "disk_limit"


@dataclass(frozen=True)
class Result:
    """How a command ended."""

    exit_code: int | None  # 128 + signal where one ended it, 126 and 127 as in a shell; None unless it exited by itself
    ended: Ended
    duration_s: float
    output_bytes: int
    peak_memory_bytes: int  # of everything in the sandbox together, sampled; the largest process's own peak is exact
    message: str  # a sentence for the reader; empty where the command exited with 0

    @property
    def ok(self) -> bool:
        return self.ended is Ended.EXITED and self.exit_code == 0


@dataclass(frozen=True)
class Limits:
    """What all commands of one sandbox may use together.

    Held by the kernel: `processes` (against a fork bomb), one file's size, `tmp_bytes` (bubblewrap), one process's
    private memory (with some room above `memory_bytes`, so that the watcher can say what happened). Held by a watcher
    that looks ten times a second and ends everything: the sums. `cpus` is where commands are put, and a lower
    priority than Hive's; without cgroups nothing stops a command from leaving its CPUs.
    """

    cpus: int = 2
    memory_bytes: int = 2 * GIB
    processes: int = 256  # threads count too
    disk_bytes: int = 2 * GIB  # workspace, home, and /tmp where it lies on disk
    files: int = 500_000
    tmp_bytes: int = 512 * MIB  # /tmp, where it lies in memory; comes on top of memory_bytes
    network: bool = False
    reserved_bytes: int = 0  # what a process may have on top without using it: some runtimes take gigabytes in advance

    def __post_init__(self) -> None:
        for name in ("cpus", "memory_bytes", "processes", "disk_bytes", "files", "tmp_bytes"):
            if getattr(self, name) < 1:
                raise ValueError(f"Limits.{name} is {getattr(self, name)}; use 1 or more.")


class SandboxError(Exception):
    """The sandbox could not do its part; the command is not to blame. `permanent`: trying again will not help."""

    def __init__(self, message: str, *, permanent: bool = False) -> None:
        super().__init__(message)
        self.permanent = permanent


class CannotForward(SandboxError):
    """The forwarder has ended before it was there: `ended` says how, `printed` what it said."""

    def __init__(self, message: str, ended: Result, printed: str) -> None:
        super().__init__(message, permanent=True)
        self.ended, self.printed = ended, printed


class UnsafePath(SandboxError):
    """A path, or a name in an archive, that leads out of the workspace or is not a plain file or folder."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=True)


class TarStream(Protocol):
    """A tar in chunks. Read it to the end, then look at what was left out."""

    refused: list[str]  # "name: why": links that lead outside, devices, sockets, pipes …
    entries: int
    size_bytes: int
    names: dict[str, str]  # everything that matched, sent or not: "file", "folder" or "link", by relative name

    def __iter__(self) -> Iterator[bytes]: ...


class Running(Protocol):
    """A long-lived process. All methods may be called from any thread."""

    address: Address | None  # where its port is reached, if it has one
    pid: int  # host process under which all of the sandbox hangs: for records and for looking, not for killing

    def poll(self) -> Result | None:
        """None while it runs."""

    def stop(self, grace_s: float = 5.0) -> Result:
        """SIGTERM to its group, SIGKILL to all that is left after the grace. The same answer when called again."""


class Talking(Running, Protocol):
    """A long-lived process that is spoken to."""

    def say(self, data: bytes) -> None:
        """Write all of it to the process's standard input; waits while the process does not read. From one thread at a
        time. SandboxError where it has ended, or ends meanwhile: stop() and kill() end the wait too.
        """


class Sandbox(Protocol):
    """A place of its own for commands: files, processes, memory, network. A context manager.

    Order of calls: enter; unpack/write what the commands need; run and start as often as needed, one run at a time;
    read/export what they made; leave. Files may be read and written at any time in between. Leaving kills everything
    inside (daemons in sessions of their own too) and deletes its files. A daemon that a run leaves behind lives on
    until then, unless it holds the run's output open: that is ended 0.3 s after the command.

    Threads: `kill` may be called from any thread, at any time, more than once; a run in progress then returns with
    Ended.STOPPED, and later ones do so at once. Everything else belongs to one thread at a time. When the process
    that opened it dies, however it dies, so does everything inside.

    Commands see: HIVE_WORKSPACE, HIVE_SANDBOX, HOME, TMPDIR, PATH, LANG, TERM, CI and what `env` adds. `env` is for
    the command alone and may say what it likes (PATH and LD_PRELOAD too): it never becomes the environment of a
    process of Hive. HIVE_WORKSPACE, HIVE_SANDBOX and PORT cannot be overridden.
    """

    kind: str
    warning: str  # what the reader should know about the isolation; empty where there is nothing to say
    workspace: str  # the workspace's path as commands see it: HIVE_WORKSPACE

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

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
        """Run a command to its end. `on_output` gets stdout and stderr, merged in order, in chunks of ≤ 256 KiB.

        It is called in this thread and must not block for long: the clocks are read between its calls. What it raises
        ends the command and comes out here. A command that does not exist is exit code 127, one that cannot be
        executed or whose `cwd` is missing 126. `cwd` lies in the workspace.
        """

    def start(
        self,
        argv: Sequence[str],
        *,
        log: Path,
        port: int | None = None,
        env: Mapping[str, str] | None = None,
        cwd: str = WORKSPACE,
    ) -> Running:
        """Start a long-lived process. Its output goes to the file `log`, of 8 MiB at most, and one older file.

        It should listen on 127.0.0.1 at $PORT: that is `port` where the sandbox has a loopback of its own, of which
        only Running.address leads out, for Hive's own user; elsewhere it is some free port.
        """

    def converse(
        self,
        argv: Sequence[str],
        *,
        on_output: OnOutput,
        env: Mapping[str, str] | None = None,
        cwd: str = WORKSPACE,
    ) -> Talking:
        """Start a long-lived process that is spoken to through its standard input and output.

        `on_output` gets stdout and stderr, merged in order, in a thread of its own. While it blocks, the process waits
        with what it writes. What it raises ends the process, and goes no further.
        """

    def listen(self, forwarder: Forwarder | None = None) -> socket.socket:
        """A listening socket on 127.0.0.1 as the sandbox's commands see it, on a free port: whoever holds it answers
        them, without a network. Only where the sandbox has a loopback of its own is it theirs alone.

        The caller closes it. A kind that may run on another machine needs a `forwarder`, and raises CannotForward
        where that does not work there; SandboxError, permanent, without one.
        """

    def read(self, path: str, limit_bytes: int) -> bytes:
        """A file of the workspace, at most `limit_bytes` of it. FileNotFoundError, IsADirectoryError, UnsafePath."""

    def write(self, path: str, data: bytes, mode: int = 0o644) -> None:
        """Put a file in place, all or nothing; makes the folders above it."""

    def unpack(self, tar: BinaryIO) -> None:
        """Put the files of a tar (plain or compressed) into the workspace. UnsafePath, unpack.TooMuch, SandboxError."""

    def export(self, globs: Iterable[str], *, since_ns: int = 0) -> TarStream:
        """The files that match, as a tar; `**` is any depth, a folder means all in it. Names are relative.

        `since_ns`: leave out the content of files that did not change after this moment (time.time_ns() before an
        earlier export). A kind that cannot tell may send them all the same; `names` lists them in any case.
        """

    def kill(self, why: str) -> None:
        """End everything inside within 2 s and for good. `why` becomes the message of the Result."""
