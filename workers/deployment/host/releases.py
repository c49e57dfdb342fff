"""The releases of this host: each started, stopped and restarted under its own lock, and watched in between."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

from workers.deployment.host.errors import HostError, HostUnavailable, LaunchFailed, ReleaseConflict, UnknownRelease
from workers.deployment.host.launcher import Launcher
from workers.deployment.host.live import Live, in_thread
from workers.deployment.host.memory import Kept, MemoryFile
from workers.deployment.host.plan import Plan
from workers.deployment.host.views import Exit, ReleaseState, ReleaseView
from workers.deployment.host.whereabouts import Whereabouts
from workers.sandbox.port import Result

THREADS = 8
DRAIN_STEP_S = 0.05

log = logging.getLogger("hive.host")


class Releases:
    """All verbs are idempotent; two calls about one release go one after the other, about two side by side.

    `connections` says how many visitors a release has through the public ports.
    """

    def __init__(self, memory: MemoryFile, launcher: Launcher, connections: Callable[[str], int]) -> None:
        self._memory = memory
        self._launcher = launcher
        self._connections = connections
        self._threads = ThreadPoolExecutor(THREADS, "release")
        self._live: dict[str, Live] = {}
        self._doing: dict[str, ReleaseState] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._swept = asyncio.Event()
        self._closing = False

    def view(self, name: str) -> ReleaseView:
        kept, live = self._memory.now.releases.get(name), self._live.get(name)
        if kept is None:
            return ReleaseView(name, ReleaseState.STOPPED)
        state = self._doing.get(name) or _state(kept, live)
        seen = ReleaseView(name, state, kept.launches, exit=kept.exit, connections=self._connections(name))
        if live is None:
            return seen
        process = live.launched
        return replace(
            seen, pid=process.pid, address=process.address, sandbox=process.kind, started_at=live.started_at.isoformat()
        )

    def views(self) -> tuple[ReleaseView, ...]:
        return tuple(self.view(name) for name in self._memory.now.releases)

    def whereabouts(self, name: str) -> Whereabouts:
        state, live = self.view(name).state, self._live.get(name)
        if state == ReleaseState.RUNNING and live:
            return Whereabouts(live.launched.address, proven=live.proven)
        return Whereabouts(gone="" if state == ReleaseState.STARTING else "its release is not running")

    def prove(self, name: str) -> None:
        """It has answered: from now on a connection that it closes at once is its own doing."""
        if live := self._live.get(name):
            live.proven = True

    async def start(self, plan: Plan) -> ReleaseView:
        """Run it, unless it runs already. Raises LaunchFailed, ReleaseConflict."""
        async with self._locks[plan.release]:
            kept = self._memory.now.releases.get(plan.release, Kept(plan))
            if plan.release in self._live:
                if kept.plan != plan:
                    raise ReleaseConflict(f"Release {plan.release} runs with other content; a new one needs a new id.")
                return self.view(plan.release)
            await self._launch(replace(kept, plan=plan))
        return self.view(plan.release)

    async def stop(self, name: str, grace_s: float, drain_s: float = 0) -> ReleaseView:
        """Let its visitors finish for at most `drain_s`, then end it; fine if it does not run."""
        async with self._locks[name]:
            if kept := self._memory.now.releases.get(name):
                # Noted, not kept: a full disk must not protect the release that fills it.
                self._note(name, replace(kept, wanted=False))
            with self._as(name, ReleaseState.STOPPING):
                await self._drain(name, drain_s)
                await self._end(name, grace_s)
        return self.view(name)

    async def restart(self, name: str, launches: int | None, grace_s: float) -> ReleaseView:
        """End it and start it afresh. With `launches`: only if nobody else has done so since the caller looked."""
        async with self._locks[name]:
            kept = self._memory.now.releases.get(name)
            if kept is None:
                raise UnknownRelease(f"Release {name} was never started on this host, or it is forgotten.")
            if launches is None or launches == kept.launches:
                with self._as(name, ReleaseState.STARTING):
                    await self._end(name, grace_s)
                    await self._launch(kept)
        return self.view(name)

    async def forget(self, name: str, grace_s: float) -> None:
        async with self._locks[name]:
            await self._end(name, grace_s)
            if kept := self._memory.now.releases.get(name):
                await in_thread(self._threads, lambda: self._launcher.forget(kept.plan))
                self._memory.forget(name)

    async def resume(self) -> None:
        """Clear away what the last host left, then start again what ran with it; until then, nothing is started.

        A release that cannot be started is recorded as broken.
        """
        back = [name for name, kept in self._memory.now.releases.items() if kept.comes_back]
        for name in back:
            self._doing[name] = ReleaseState.STARTING  # visitors who come before it is their turn wait
        try:
            await in_thread(self._threads, self._launcher.sweep)
        except Exception:  # what cannot be cleared away must not keep everything else from running
            log.exception("what the last host left behind cannot be cleared away")
        self._swept.set()
        await asyncio.gather(*(self._resume(name) for name in back))

    async def _resume(self, name: str) -> None:
        async with self._locks[name]:
            kept = self._memory.now.releases.get(name)
            if kept is None or not kept.comes_back or name in self._live:
                self._doing.pop(name, None)
                return
            try:
                await self._launch(kept)
            except HostError as error:
                log.error("release %s did not come back: %s", name, error)
            finally:
                self._doing.pop(name, None)

    async def close(self, grace_s: float) -> None:
        """End everything. Nothing is forgotten: it all comes back with the next host."""
        self._closing = True
        await asyncio.gather(*(self._close(name, grace_s) for name in list(self._locks)))
        self._threads.shutdown()

    async def _close(self, name: str, grace_s: float) -> None:
        async with self._locks[name]:
            await self._end(name, grace_s)

    async def _launch(self, kept: Kept) -> None:
        name = kept.plan.release
        await self._swept.wait()
        if self._closing:
            raise HostUnavailable("The host is on its way out. Ask again when it is back.")
        promised = kept.comes_back and self._memory.now.releases.get(name) == kept
        kept = Kept(kept.plan, launches=kept.launches + 1)
        # A full disk must not keep down what the file promises already; what it does not promise yet must be in it.
        (self._note if promised else self._memory.keep)(name, kept)
        with self._as(name, ReleaseState.STARTING):
            try:
                live = await Live.launch(self._launcher, kept.plan, self._threads)
            except LaunchFailed as error:
                self._note(name, replace(kept, exit=Exit(None, "", _now(), str(error), ran=False)))
                raise
            self._live[name] = live
            live.watch(self._ended)
        log.info("release %s runs as process %s", name, live.launched.pid)

    async def _end(self, name: str, grace_s: float) -> None:
        if live := self._live.get(name):
            await live.stop(grace_s)
            self._live.pop(name, None)
            log.info("release %s is stopped", name)

    def _ended(self, live: Live, how: Result) -> None:
        name = next((name for name, other in self._live.items() if other is live), None)
        if name is None:
            return
        del self._live[name]
        kept = self._memory.now.releases[name]
        message = how.message or f"It exited with {how.exit_code}."
        self._note(name, replace(kept, exit=Exit(how.exit_code, str(how.ended), _now(), message)))
        log.warning("release %s ended by itself: %s", name, message)

    async def _drain(self, name: str, drain_s: float) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + drain_s
        while self._connections(name) and loop.time() < deadline:
            await asyncio.sleep(DRAIN_STEP_S)

    def _note(self, name: str, kept: Kept) -> None:
        if complaint := self._memory.note(name, kept):
            log.error("%s", complaint)

    @contextmanager
    def _as(self, name: str, state: ReleaseState) -> Iterator[None]:
        """What a release is shown as while something is done to it."""
        self._doing[name] = state
        try:
            yield
        finally:
            self._doing.pop(name, None)


def _state(kept: Kept, live: Live | None) -> ReleaseState:
    if live:
        return ReleaseState.RUNNING
    if kept.exit and kept.wanted:
        return ReleaseState.EXITED if kept.exit.ran else ReleaseState.BROKEN
    return ReleaseState.STOPPED


def _now() -> str:
    return datetime.now(UTC).isoformat()
