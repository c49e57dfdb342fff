"""Launcher: the port between the host and whatever a release runs in."""

from __future__ import annotations

from typing import Protocol

from workers.deployment.host.plan import Plan
from workers.probe.address import Address
from workers.sandbox.port import Result


class Launched(Protocol):
    """One running release. Methods may be called from any thread, one at a time."""

    pid: int
    kind: str

    @property
    def address(self) -> Address | None:
        """Where it listens; None while that is nowhere: a stack that is coming up, an engine that is away."""
        ...

    def poll(self) -> Result | None:
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

        Blocks while it unpacks; may be called from several threads. Whatever it starts dies with this process,
        or is taken over by the launch of the same plan in the next one. Raises
        LaunchFailed, and then leaves nothing behind.
        """
        ...

    def forget(self, plan: Plan) -> None:
        """Remove what a stopped release left where nothing but this launcher would find it. Fine if there is nothing.

        Raises HostFailed where that must be tried again.
        """
        ...

    def sweep(self) -> None:
        """Kill what a dead host left running and remove its files. Called once, before the first launch."""
        ...
