"""HostedTarget: what targets have in common whose releases the host of this machine runs.

The host (workers.deployment.host) owns what runs and the public ports; here is what a deployment does around it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from workers.deployment.host.client import HostClient
from workers.deployment.host.errors import HostError, LaunchFailed, StaleGeneration, UnknownRelease
from workers.deployment.host.plan import NAME, Plan
from workers.deployment.host.views import ReleaseState, ReleaseView
from workers.deployment.targets.building import Stop, stopped
from workers.deployment.targets.folder import ReleaseFolder
from workers.deployment.targets.port import (
    Around,
    Build,
    CannotStart,
    Health,
    Kill,
    NotBuilt,
    Shown,
    StaleSwitch,
    Standing,
    TargetError,
    nothing_around,
)
from workers.deployment.targets.recipe import Recipe
from workers.probe.address import Address
from workers.probe.check import GivenUp, check_within
from workers.sandbox.port import OnOutput

GRACE_S = 5.0
DRAIN_S = 5.0


class HostedTarget:
    """`releases`: HOME/releases. A subclass says how a release is built (_make) and how the host runs it (_plan)."""

    kind = ""

    def __init__(self, releases: Path, host: HostClient) -> None:
        self._releases = releases
        self._host = host

    def _make(
        self,
        folder: ReleaseFolder,
        checkout: BinaryIO,
        recipe: Recipe,
        on_output: OnOutput,
        stop: Stop,
        around: Around,
    ) -> Build:
        raise NotImplementedError

    def _plan(self, folder: ReleaseFolder, recipe: Recipe) -> Plan:
        raise NotImplementedError

    def build(
        self,
        release: str,
        checkout: BinaryIO,
        recipe: Recipe,
        *,
        on_output: OnOutput = lambda _data: None,
        on_begin: Callable[[Kill], None] = lambda _kill: None,
        around: Around = nothing_around,
    ) -> Build:
        folder, stop = self._folder(release), Stop()
        on_begin(stop)
        with folder.building(lambda: bool(stop.why)) as held:
            if not held or stop.why:
                return stopped(stop)
            if folder.built:
                return _built_already(folder, recipe)
            return self._make(folder, checkout, recipe, on_output, stop, around)

    def start(self, release: str) -> Standing:
        folder = self._folder(release)
        recipe = folder.recipe()
        if not folder.built:
            raise NotBuilt(release)
        with as_target_error():
            return _standing(self._host.start(self._plan(folder, recipe)))

    def healthy(self, release: str, within_s: float) -> Health:
        recipe = self._folder(release).recipe()
        with as_target_error():
            result = check_within(
                recipe.health_url, address=lambda: self._where(release), status=None, within_s=within_s
            )
        return Health(result.ok, result.status, result.took_ms, result.message, result.tries)

    def _where(self, release: str) -> Address | None:
        standing = self.look(release)
        if not standing.running:
            raise GivenUp(f"The release does not run. {standing.message}".strip())
        return standing.address

    def switch(self, release: str, generation: int) -> Shown:
        recipe = self._folder(release).recipe()
        with as_target_error():
            route = self._host.route(recipe.environment, release, generation, port=recipe.port)
        return Shown(route.url, route.port, route.generation, ("tcp", self._host.front, route.port))

    def hide(self, environment: str, generation: int) -> None:
        with as_target_error():
            if self._host.list().route(environment):
                self._host.route(environment, None, generation)

    def stop(self, release: str) -> None:
        with as_target_error():
            self._host.stop(release, grace_s=GRACE_S, drain_s=DRAIN_S)

    def restart(self, release: str, launches: int | None = None) -> Standing:
        with as_target_error():
            return _standing(self._host.restart(release, launches=launches, grace_s=GRACE_S))

    def look(self, release: str) -> Standing:
        with as_target_error():
            view = self._host.list().release(release)
        return _standing(view) if view else Standing(release, running=False, message="It was never started.")

    def logs(self, release: str, limit_bytes: int) -> bytes:
        with as_target_error():
            try:
                return self._host.logs(release, limit_bytes)
            except UnknownRelease:
                return b""

    def prune(self, environment: str, keep: Collection[str]) -> list[str]:
        with as_target_error():
            seen = self._host.list()
        busy = {route.release for route in seen.routes}
        busy |= {view.release for view in seen.releases if view.state in _BUSY}
        return [name for name in self._releases_of(environment) if name not in busy | set(keep) and self._remove(name)]

    def _remove(self, release: str) -> bool:
        with as_target_error():
            self._host.forget(release)  # first: the host must not try to start what has no files any more
        return self._folder(release).remove()

    def _releases_of(self, environment: str) -> Iterator[str]:
        for path in sorted(self._releases.iterdir()) if self._releases.is_dir() else []:
            try:
                if self._folder(path.name).recipe().environment == environment:
                    yield path.name
            except (TargetError, ValueError, KeyError, TypeError, NotADirectoryError):
                continue  # not a release, or one of another version of Hive: nothing to be thrown away unseen

    def _folder(self, release: str) -> ReleaseFolder:
        if not NAME.fullmatch(release):
            raise ValueError(f"{release!r} is not a release id.")
        return ReleaseFolder(self._releases, release)


_BUSY = {ReleaseState.RUNNING, ReleaseState.STARTING, ReleaseState.STOPPING}
_WHY = {
    ReleaseState.STARTING: "It is starting.",
    ReleaseState.STOPPING: "It is being stopped.",
    ReleaseState.STOPPED: "It was stopped.",
}


def _standing(view: ReleaseView) -> Standing:
    """A release that is on its way out is not running for anybody who asks; one on its way in is."""
    running = view.state in (ReleaseState.RUNNING, ReleaseState.STARTING)
    message = view.exit.message if view.exit and not running else _WHY.get(view.state, "")
    code = view.exit.code if view.exit and not running else None
    return Standing(view.release, running, view.launches, view.address, message, code)


def _built_already(folder: ReleaseFolder, recipe: Recipe) -> Build:
    if folder.recipe() != recipe:
        raise TargetError(f"Release {folder.release} was built with another recipe; use a new id.", permanent=True)
    return Build(True, "It was built before.", size_bytes=folder.result.stat().st_size)


@contextmanager
def as_target_error() -> Iterator[None]:
    try:
        yield
    except StaleGeneration as error:
        raise StaleSwitch(str(error)) from error
    except LaunchFailed as error:
        raise CannotStart(str(error)) from error
    except HostError as error:
        raise TargetError(str(error), permanent=error.permanent) from error
