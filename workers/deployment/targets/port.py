"""The port of deployment targets, with its values and errors.

    TargetError             the target could not do its part; `permanent`: trying again will not help
    ├── NotBuilt            start() of a release that was never built here, or is pruned
    ├── CannotStart         no sandbox for it, or no place on the disk
    └── StaleSwitch         a newer switch has been made; the caller is late

A red build, a release that dies and a health path that does not answer are values, not errors: they are the
product's own doing, and the reader wants to see them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from workers.deployment.targets.recipe import Recipe
from workers.probe.address import Address
from workers.sandbox.port import Ended, OnOutput, Sandbox

Around = Callable[[Sandbox], AbstractContextManager[None]]
"""Entered when the build's sandbox is open, left before it goes: for whoever wants to see its files."""


def nothing_around(_sandbox: Sandbox) -> AbstractContextManager[None]:
    """Nobody wants to see them."""
    return nullcontext()


Kill = Callable[[str], None]
"""Ends a build from any thread; the sentence says why and comes back as its message."""


class TargetError(Exception):
    """The target could not do its part."""

    def __init__(self, message: str, *, permanent: bool = False) -> None:
        super().__init__(message)
        self.permanent = permanent


class NotBuilt(TargetError):
    """There is no such release here."""

    def __init__(self, release: str) -> None:
        super().__init__(f"Release {release} is not built here; build it first.", permanent=True)


class CannotStart(TargetError):
    """The release was not even started."""


class StaleSwitch(TargetError):
    """A newer switch has been made."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=True)


@dataclass(frozen=True)
class Build:
    """How a build ended. `output`: the end of what it printed (≤ 64 KiB), if it failed; `notes`: what was left out."""

    ok: bool
    message: str
    ended: Ended = Ended.EXITED
    exit_code: int | None = 0
    output: str = ""
    size_bytes: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Health:
    """What the last health check saw. `status` is None where nothing answered."""

    ok: bool
    status: int | None
    took_ms: float
    message: str
    tries: int


@dataclass(frozen=True)
class Standing:
    """A release now. `launches` names its incarnation for restart(); `message` says why it does not run."""

    release: str
    running: bool
    launches: int = 0
    address: Address | None = None
    message: str = ""
    exit_code: int | None = None


@dataclass(frozen=True)
class Shown:
    """Where people see an environment from now on, and where Hive's own checks reach it."""

    url: str
    port: int
    generation: int
    address: Address


class Target(Protocol):
    """Where releases run.

    Order of calls for a deployment: build, start, healthy, switch, stop (of the release before), prune. A rollback is
    start, healthy, switch with the next generation, stop. Monitoring calls look, restart and logs at any time.

    Every call may come twice, also from two workers at once: what is built, started, stopped or shown already
    stays so, and the answer is the same. What was started or shown outlives the caller and comes back after a crash.
    Thread-safe.
    """

    kind: str

    def build(
        self,
        release: str,
        checkout: BinaryIO,
        recipe: Recipe,
        *,
        on_output: OnOutput = ...,
        on_begin: Callable[[Kill], None] = ...,
        around: Around = ...,
    ) -> Build:
        """Make a release from a commit's files (a tar, read once). A release id stands for one content for good.

        `on_begin` gets a function that ends the build from another thread; `around` is for a build in a sandbox of
        Hive's, where there is one. Raises TargetError where the target is to
        blame: disk, sandbox, an archive that is none.
        """
        ...

    def start(self, release: str) -> Standing:
        """Run it beside the others, seen by nobody yet. Raises NotBuilt, CannotStart."""
        ...

    def healthy(self, release: str, within_s: float) -> Health:
        """Ask its health path at its own address until it answers 2xx; ends early when the release does."""
        ...

    def switch(self, release: str, generation: int) -> Shown:
        """Put it in front of people. Nobody is refused meanwhile; visitors of the release before may finish.

        Raises StaleSwitch if this generation or a later one has been given to another release.
        """
        ...

    def hide(self, environment: str, generation: int) -> None:
        """Show nothing at the environment's address from now on; the address stays its own. Raises StaleSwitch."""
        ...

    def stop(self, release: str) -> None:
        """End it, after its visitors or a short while. Fine where it does not run."""
        ...

    def restart(self, release: str, launches: int | None = None) -> Standing:
        """Run it afresh. With `launches` from a Standing: not if somebody else has done so since."""
        ...

    def look(self, release: str) -> Standing:
        """Whether it runs, and if not, how it ended."""
        ...

    def logs(self, release: str, limit_bytes: int) -> bytes:
        """The end of what it printed, at most `limit_bytes`; empty where there is nothing."""
        ...

    def prune(self, environment: str, keep: Collection[str]) -> list[str]:
        """Delete the environment's releases that are not in `keep`, do not run and are not shown; returns their ids."""
        ...
