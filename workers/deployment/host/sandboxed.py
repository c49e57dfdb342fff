"""SandboxLauncher: releases in sandboxes of their own."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from workers.deployment.host.errors import LaunchFailed
from workers.deployment.host.launcher import Launched
from workers.deployment.host.plan import Plan
from workers.probe.address import Address
from workers.sandbox.kinds import open_sandbox
from workers.sandbox.port import Ended, Result, Running, SandboxError
from workers.sandbox.sweep import sweep_stale


class SandboxedRelease:
    """A release in its sandbox; leaving `inside` ends the sandbox."""

    def __init__(self, kind: str, running: Running, address: Address, inside: ExitStack) -> None:
        self.kind = kind
        self.pid = running.pid
        self.address = address
        self._running = running
        self._inside = inside

    def poll(self) -> Result | None:
        try:
            return self._running.poll()
        except SandboxError as error:  # it has ended, and nobody can say how
            return Result(None, Ended.EXITED, 0.0, 0, 0, str(error))

    def stop(self, grace_s: float) -> None:
        with self._inside:
            self._running.stop(grace_s)


class SandboxLauncher:
    """One sandbox per release, below `scratch`, labelled by the release's id.

    `sockets` is a folder with a short path, for the sockets through which releases without a network are reached.
    Nothing else may lie in either folder: what a dead host left there is removed.
    """

    def __init__(self, scratch: Path, sockets: Path) -> None:
        self._scratch = scratch
        self._sockets = sockets

    def launch(self, plan: Plan) -> Launched:
        with ExitStack() as entered:
            try:
                self._scratch.mkdir(parents=True, exist_ok=True)
                sandbox = entered.enter_context(
                    open_sandbox(
                        plan.sandbox,
                        scratch=self._scratch,
                        label=plan.release,
                        limits=plan.limits,
                        sockets=self._sockets,
                    )
                )
                with Path(plan.files).open("rb") as files:
                    sandbox.unpack(files)
                running = sandbox.start(plan.argv, log=Path(plan.log), port=plan.port, env=plan.env, cwd=plan.cwd)
            except (SandboxError, OSError) as error:
                raise LaunchFailed(f"Release {plan.release} cannot be started: {error}") from error
            if running.address is None:
                raise LaunchFailed(
                    f"Release {plan.release}: a sandbox of kind {sandbox.kind} gave its port no address."
                )
            return SandboxedRelease(sandbox.kind, running, running.address, entered.pop_all())

    def forget(self, plan: Plan) -> None:
        """Nothing: a sandbox takes everything with it when it ends."""

    def sweep(self) -> None:
        sweep_stale(self._scratch)
        if self._sockets.is_dir():
            for left in self._sockets.glob("*.sock"):
                left.unlink(missing_ok=True)
