"""Launcher: the port between the host and whatever a release runs in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from workers.deployment.host.plan import Plan
from workers.probe.address import Address


@dataclass(frozen=True)
class Ended:
    """`code` as the program gave it, or None with the name of the `signal`; `message` is a sentence."""

    code: int | None
    signal: str
    message: str


class Launched(Protocol):
    """One running release. Methods may be called from any thread, one at a time."""

    pid: int
    address: Address
    kind: str

    def poll(self) -> Ended | None:
        """How it ended, or None while it runs. Does not block."""
        ...

    def stop(self, grace_s: float) -> None:
        """TERM, at most `grace_s` of waiting, KILL. Afterwards nothing of it runs and its files are gone.

        Also to be called once for a release that ended by itself. A second call does nothing.
        """
        ...


class Launcher(Protocol):
    def launch(self, plan: Plan) -> Launched:
        """Lay out the files of `plan` afresh and start its command, with its output in `plan.log`, kept small.

        Blocks while it unpacks; may be called from several threads. Whatever it starts dies with this process. Raises
        LaunchFailed, and then leaves nothing behind.
        """
        ...

    def sweep(self) -> None:
        """Kill what a dead host left running and remove its files. Called once, before the first launch."""
        ...
