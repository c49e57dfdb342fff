"""What runs a job by its order, and what it is given for that: the desk, and how it tells the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from typing import Any, BinaryIO, Protocol

from apps.fleet.order import Cache, Order, Package
from workers.junit import Counts
from workers.sandbox.port import Sandbox

FILE, REPORT, TREE = "file", "report", "tree"
Open = Callable[[Order], AbstractContextManager[Sandbox]]


class Desk(Protocol):
    """Where a job's output and files go. Whatever it raises ends the job and comes out of run()."""

    def output(self, data: bytes) -> None:
        """Masked already. Must not block for long."""

    def package(self, package: Package) -> BinaryIO:
        """The package's bytes, to be read once; run() checks what they are."""

    def keep(self, name: str, kind: str, content: BinaryIO, size_bytes: int) -> None:
        """Keep a file: kind is FILE, REPORT or TREE. `content` is to be read before it returns."""

    def restore(self, cache: Cache) -> BinaryIO | None:
        """The tar that the last job with this key has left here, if there is one."""

    def store(self, cache: Cache, tar: Iterator[bytes]) -> None:
        """Keep these files for the next job with this key."""

    def trouble(self) -> str:
        """What is wrong with this machine right now, that may have made a command fail: a full disk. Else empty."""

    def on_stop(self, call: Callable[[str], None]) -> None:
        """Call this, from any thread, when the job is to end; at once if it is already so."""


@dataclass(frozen=True)
class Done:
    """How one command ended. `log_from` and `log_to`: which bytes of the job's output are its own."""

    command: str
    exit_code: int | None
    seconds: float
    reason: str
    message: str
    log_from: int = 0
    log_to: int = 0


@dataclass
class Report:
    """How the job ended. `reason` is empty where every command exited with 0; `exit_code` is that of the first that
    did not, None where none of its own ended it.
    """

    reason: str = ""
    message: str = ""
    exit_code: int | None = 0
    commands: list[Done] = field(default_factory=list)
    prepared_s: float | None = None  # until the first command could begin
    tests: Counts | None = None  # what the reports say; None where there are none

    @property
    def seen(self) -> dict[str, Any]:
        """What becomes the job's outcome."""
        tests = {"counts": asdict(self.tests)} if self.tests else {}
        return {"exit_code": self.exit_code, "commands": [asdict(one) for one in self.commands], **tests}
