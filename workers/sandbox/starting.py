"""How a keeper comes to be: started as a program, or forked from this process's nursery."""

from __future__ import annotations

import functools
import os
import select
import socket
import subprocess
import sys
from collections.abc import Sequence
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Protocol

from workers.sandbox.environment import SANDBOX

INSIDE = Path(__file__).parent / "inside"


def python() -> str:
    """The interpreter behind Hive's virtual environment: the sandbox must not need that environment."""
    return os.path.realpath(getattr(sys, "_base_executable", sys.executable))


def command_of(program: str, folder_of_inside: str) -> list[str]:
    """What starts a program of the inside, `keeper` or `nursery`; the numbers of its two descriptors follow."""
    start = f"import sys; sys.path.append({folder_of_inside!r}); from inside.{program} import main; main()"
    return [python(), "-I", "-S", "-B", "-c", start]


@functools.cache
def compile_inside() -> None:
    """Leave bytecode beside the modules of the inside: a sandbox sees them read-only and would compile each time."""
    for module in INSIDE.glob("*.py"):
        SourceFileLoader(module.stem, os.fspath(module)).get_code(module.stem)


class Process(Protocol):
    """What has been given the other end of a keeper's socket: the keeper, or what launches it."""

    errors: int  # where its complaints can be read

    def has_ended(self, within_s: float) -> bool:
        """Waits so long for it."""

    def kill(self) -> None: ...

    def close(self) -> None:
        """Let go of it, once it has ended."""


def complaint_of(process: Process) -> str:
    """What it printed, as far as it is there."""
    if not is_readable(process.errors, 0.5):
        return ""
    return os.read(process.errors, 4096).decode(errors="replace").strip()


def control_pair() -> tuple[socket.socket, socket.socket]:
    """Hive's end of a keeper's socket, which tells who has sent what, and the keeper's."""
    ours, theirs = socket.socketpair()
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
    return ours, theirs


class Started:
    """A program, child of this process. Raises OSError where it is not there."""

    def __init__(self, argv: Sequence[str], control: socket.socket, cookie: str) -> None:
        """`control` becomes its own; it is told the numbers of that and of `life`."""
        life = own_life()
        self.errors, errors = os.pipe()
        try:
            self.program = subprocess.Popen(
                [*argv, str(control.fileno()), str(life)],
                env={SANDBOX: cookie, "LANG": "C.UTF-8", "PATH": os.defpath},
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                pass_fds=[fd for fd in (control.fileno(), life) if fd >= 0],
                start_new_session=True,
            )
        except BaseException:
            os.close(self.errors)
            raise
        finally:
            os.close(errors)
            if life >= 0:
                os.close(life)

    def has_ended(self, within_s: float) -> bool:
        try:
            self.program.wait(within_s)
        except subprocess.TimeoutExpired:
            return False
        return True

    def kill(self) -> None:
        self.program.kill()

    def close(self) -> None:
        os.close(self.errors)


def own_life() -> int:
    """A descriptor that tells, wherever it is, that this process has ended; -1 on a kernel without them."""
    try:
        return os.pidfd_open(os.getpid())
    except OSError:
        return -1


def is_readable(fd: int, within_s: float) -> bool:
    """Waits so long for it. A process's descriptor is readable once it has ended."""
    poll = select.poll()  # select() knows no number above 1,023
    poll.register(fd, select.POLLIN)
    return bool(poll.poll(within_s * 1000))
