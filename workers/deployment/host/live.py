"""One release process while it lives: launched, watched, ended, each step in a thread that does not block the ports."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TypeVar

from workers.deployment.host.errors import LaunchFailed
from workers.deployment.host.launcher import Launched, Launcher
from workers.deployment.host.plan import Plan
from workers.sandbox.port import Result

WATCH_S = 0.2

T = TypeVar("T")


class Live:
    """A launched release. It is cleaned up once, however it ends and whoever asks."""

    def __init__(self, launched: Launched, threads: ThreadPoolExecutor) -> None:
        self.launched = launched
        self.started_at = datetime.now(UTC)
        self.proven = False  # it has answered somebody
        self._threads = threads
        self._stopping = False
        self._cleaning: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None

    @classmethod
    async def launch(cls, launcher: Launcher, plan: Plan, threads: ThreadPoolExecutor) -> Live:
        """Start it. Raises LaunchFailed."""
        try:
            return cls(await in_thread(threads, lambda: launcher.launch(plan)), threads)
        except LaunchFailed:
            raise
        except Exception as error:  # a bug in a launcher must not take the host and every other release with it
            raise LaunchFailed(f"Release {plan.release} cannot be started: {error!r}.") from error

    def watch(self, ended: Callable[[Live, Result], None]) -> None:
        """Call `ended` when the process ends by itself, and not when it was stopped."""
        self._watching = asyncio.create_task(self._until_end(ended))

    async def _until_end(self, ended: Callable[[Live, Result], None]) -> None:
        while (how := self.launched.poll()) is None:
            await asyncio.sleep(WATCH_S)
        try:
            await self._clean(0)
        finally:  # only now, so that it cannot be started again while its old self is still being cleared away
            if not self._stopping:
                ended(self, how)

    async def stop(self, grace_s: float) -> None:
        self._stopping = True
        await self._clean(grace_s)

    async def _clean(self, grace_s: float) -> None:
        if self._cleaning is None:
            self._cleaning = asyncio.create_task(in_thread(self._threads, lambda: self.launched.stop(grace_s)))
        await asyncio.shield(self._cleaning)


async def in_thread(threads: ThreadPoolExecutor, call: Callable[[], T]) -> T:
    """Run a blocking call where it does not hold up the ports."""
    return await asyncio.get_running_loop().run_in_executor(threads, call)
