"""The host's parts put together: how it starts, what the verbs mean, how it ends."""

from __future__ import annotations

import asyncio
import logging
import os
import resource
from dataclasses import dataclass
from pathlib import Path

from workers.deployment.host.control import Control
from workers.deployment.host.errors import HostUnavailable, ReleaseConflict, UnknownRelease
from workers.deployment.host.fronts import Fronts
from workers.deployment.host.launcher import Launcher
from workers.deployment.host.logtail import tail
from workers.deployment.host.memory import MemoryFile
from workers.deployment.host.plan import Plan
from workers.deployment.host.releases import Releases
from workers.deployment.host.views import HostView, ReleaseView, RouteView
from workers.deployment.host.whereabouts import Finder

FILES_WANTED = 8192
FILES_KEPT_BACK = 128  # for releases, logs and the control socket: a flood of visitors must not lock out the deployer
MOST_CONNECTIONS = 2000
END_GRACE_S = 3.0

log = logging.getLogger("hive.host")


@dataclass(frozen=True)
class Places:
    """Where the host keeps its things, and the address its public ports listen on."""

    memory: Path
    socket: Path
    bind: str = "127.0.0.1"


class Daemon:
    """The Host that Control speaks to. Made inside a running event loop."""

    def __init__(self, places: Places, launcher: Launcher) -> None:
        self._places = places
        self._launcher = launcher
        self._memory = MemoryFile(places.memory)
        self._releases = Releases(self._memory, launcher, lambda release: self._fronts.connections(release))
        finder = Finder(self._releases.whereabouts, self._releases.prove)
        self._fronts = Fronts(self._memory, places.bind, finder, _connection_limit())
        self._control = Control(self)
        self._closing = False

    async def run(self, ending: asyncio.Event) -> None:
        """From start to end: everything that ran before runs again, until `ending` is set, then nothing is left."""
        if complaint := self._memory.load():
            log.error("%s", complaint)
        resuming = asyncio.create_task(self._releases.resume())
        await asyncio.sleep(0)  # so that visitors who come with the ports find their release starting, not gone
        await self._fronts.reopen()
        await self._control.open(self._places.socket)
        log.info("the host is ready at %s", self._places.socket)
        await ending.wait()
        self._closing = True
        self._control.close()
        self._fronts.close()
        await self._releases.close(END_GRACE_S)
        await resuming
        log.info("the host has ended, and every release with it")

    async def start(self, plan: Plan) -> ReleaseView:
        return await self._releases.start(plan)

    async def stop(self, release: str, grace_s: float, drain_s: float) -> ReleaseView:
        return await self._releases.stop(release, grace_s, drain_s)

    async def restart(self, release: str, launches: int | None, grace_s: float) -> ReleaseView:
        return await self._releases.restart(release, launches, grace_s)

    async def route(self, environment: str, release: str | None, generation: int, port: int | None) -> RouteView:
        if self._closing:
            raise HostUnavailable("The host is on its way out. Ask again when it is back.")
        return await self._fronts.route(environment, release, generation, port)

    async def forget(self, release: str) -> None:
        if environment := self._fronts.shows(release):
            raise ReleaseConflict(f"Release {release} is what {environment} shows; switch first.")
        await self._releases.forget(release, END_GRACE_S)

    def logs(self, release: str, limit_bytes: int) -> bytes:
        kept = self._memory.now.releases.get(release)
        if kept is None:
            raise UnknownRelease(f"Release {release} was never started on this host, or it is forgotten.")
        return tail(Path(kept.plan.log), limit_bytes)

    def list(self) -> HostView:
        return HostView(os.getpid(), self._releases.views(), self._fronts.views())


def _connection_limit() -> int:
    """How many connections the open-file limit allows, after it is raised as far as we may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES_WANTED if hard == resource.RLIM_INFINITY else min(FILES_WANTED, hard)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return max(16, min(MOST_CONNECTIONS, (max(soft, wanted) - FILES_KEPT_BACK) // 2))
