"""All public ports of this host: which environment has which, and which release it shows."""

from __future__ import annotations

import asyncio
import logging

from workers.deployment.host.errors import HostFailed, ReleaseNotRunning, StaleGeneration
from workers.deployment.host.front import Front
from workers.deployment.host.memory import MemoryFile, Route
from workers.deployment.host.views import RouteView
from workers.deployment.host.whereabouts import Finder

REOPEN_S = 2.0  # how long the last host may still be holding a port
REOPEN_STEP_S = 0.1

log = logging.getLogger("hive.host")


class Fronts:
    """Opens a port at an environment's first route and keeps it for good. At most `limit` connections in all."""

    def __init__(self, memory: MemoryFile, bind: str, finder: Finder, limit: int) -> None:
        self._memory = memory
        self._bind = bind
        self._finder = finder
        self._limit = limit
        self._fronts: dict[str, Front] = {}
        self._routing = asyncio.Lock()

    async def reopen(self) -> None:
        """Open the ports of the last host again, all at once."""
        async with self._routing:
            await asyncio.gather(*(self._reopen(name, route) for name, route in self._memory.now.routes.items()))

    async def route(self, environment: str, release: str | None, generation: int, port: int | None) -> RouteView:
        """Show `release` (None: nothing) from now on. Twice the same is fine.

        `port` is a wish, and counts only for an environment that has none yet; a taken one gives a free one. Raises
        StaleGeneration where this generation or a later one shows another release, ReleaseNotRunning where nobody
        would answer.
        """
        async with self._routing:
            known = self._memory.now.routes.get(environment)
            if known and (known.release, known.generation) == (release, generation):
                return self.view(environment)
            if known and generation <= known.generation:
                raise StaleGeneration(
                    f"{environment} is at generation {known.generation} (release {known.release}); "
                    f"a switch with generation {generation} comes too late."
                )
            if release and (gone := self._finder.find(release).gone):
                raise ReleaseNotRunning(f"{environment} cannot show release {release}: {gone}.")
            front = self._fronts.get(environment) or await self._open(port)
            try:
                self._memory.route(environment, Route(front.port, release, generation))
            except HostFailed:
                if environment not in self._fronts:
                    front.close()
                raise
            self._fronts[environment] = front
            front.show(release)
        log.info("%s shows release %s on port %s", environment, release, front.port)
        return self.view(environment)

    def view(self, environment: str) -> RouteView:
        route = self._memory.now.routes[environment]
        return RouteView(environment, route.release, route.generation, route.port, self._url(route.port))

    def views(self) -> tuple[RouteView, ...]:
        return tuple(self.view(environment) for environment in self._memory.now.routes)

    def connections(self, release: str) -> int:
        return sum(front.connections(release) for front in self._fronts.values())

    def shows(self, release: str) -> str:
        """The environment that shows this release; empty if none does."""
        routes = self._memory.now.routes.items()
        return next((environment for environment, route in routes if route.release == release), "")

    def close(self) -> None:
        for front in self._fronts.values():
            front.close()

    def _full(self) -> bool:
        return sum(front.all_connections for front in self._fronts.values()) > self._limit

    async def _open(self, wish: int | None) -> Front:
        front = Front(self._finder, self._full)
        try:
            await front.open(self._bind, wish or 0)
        except OSError as error:
            log.warning("port %s cannot be had (%s); taking a free one", wish, error.strerror)
            await front.open(self._bind, 0)
        return front

    async def _reopen(self, environment: str, route: Route) -> None:
        front = Front(self._finder, self._full)
        deadline = asyncio.get_running_loop().time() + REOPEN_S
        while not front.port:
            try:
                await front.open(self._bind, route.port)
            except OSError:
                if asyncio.get_running_loop().time() > deadline:
                    front = await self._open(None)
                await asyncio.sleep(REOPEN_STEP_S)
        if front.port != route.port:
            log.error("%s: port %s was taken while no host ran; it moved to %s", environment, route.port, front.port)
            self._memory.route(environment, Route(front.port, route.release, route.generation))
        self._fronts[environment] = front
        front.show(route.release)

    def _url(self, port: int) -> str:
        everywhere = self._bind in ("0.0.0.0", "::", "")  # noqa: S104 - compared, not bound
        host = "127.0.0.1" if everywhere else f"[{self._bind}]" if ":" in self._bind else self._bind
        return f"http://{host}:{port}"
