"""FakeTarget: deployments without processes, for unit tests of the deployment and monitoring roles."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import BinaryIO

from workers.deployment.targets.port import (
    Around,
    Build,
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
from workers.sandbox.port import OnOutput


class FakeTarget:
    """Keeps the rules of the port in memory. `calls` has what was asked, in order.

    Before a call, a test may say how it ends: `builds[release]`, `health[release]`; after it, `die(release)`.
    """

    kind = "fake"

    def __init__(self) -> None:
        self.calls: list[tuple[str, str]] = []
        self.builds: dict[str, Build] = {}
        self.health: dict[str, Health] = {}
        self.recipes: dict[str, Recipe] = {}
        self.standings: dict[str, Standing] = {}
        self.shown: dict[str, tuple[str | None, int]] = {}
        self.checkouts: dict[str, bytes] = {}

    def build(
        self,
        release: str,
        checkout: BinaryIO,
        recipe: Recipe,
        *,
        on_output: OnOutput = lambda _data: None,
        on_begin: Callable[[Kill], None] = lambda _kill: None,
        around: Around = nothing_around,  # noqa: ARG002 - it builds in no sandbox
    ) -> Build:
        self.calls.append(("build", release))
        on_begin(lambda _why: None)
        result = self.builds.get(release, Build(True, "Built."))
        on_output(result.output.encode())
        if result.ok and release not in self.recipes:
            self.recipes[release], self.checkouts[release] = recipe, checkout.read()
        return result

    def start(self, release: str) -> Standing:
        self.calls.append(("start", release))
        if release not in self.recipes:
            raise NotBuilt(release)
        known = self.standings.get(release)
        return known if known and known.running else self._launch(release)

    def healthy(self, release: str, within_s: float) -> Health:  # noqa: ARG002 - it never waits
        self.calls.append(("healthy", release))
        if release not in self.recipes:
            raise NotBuilt(release)
        standing = self.look(release)
        if not standing.running:
            return Health(False, None, 0.0, f"The release does not run. {standing.message}", 0)
        return self.health.get(release, Health(True, 200, 1.0, "Answered 200.", 1))

    def switch(self, release: str, generation: int) -> Shown:
        self.calls.append(("switch", release))
        recipe = self.recipes.get(release)
        if recipe is None:
            raise NotBuilt(release)
        self._show(recipe.environment, release, generation)
        address: Address = ("tcp", "127.0.0.1", recipe.port)
        return Shown(f"http://127.0.0.1:{recipe.port}", recipe.port, generation, address)

    def hide(self, environment: str, generation: int) -> None:
        self.calls.append(("hide", environment))
        if environment in self.shown:
            self._show(environment, None, generation)

    def stop(self, release: str) -> None:
        self.calls.append(("stop", release))
        if release in self.standings:
            self._end(release, "It was stopped.", None)

    def restart(self, release: str, launches: int | None = None) -> Standing:
        self.calls.append(("restart", release))
        if release not in self.standings:
            raise TargetError(f"Release {release} was never started.", permanent=True)
        known = self.look(release)
        return known if launches not in (None, known.launches) else self._launch(release)

    def look(self, release: str) -> Standing:
        return self.standings.get(release, Standing(release, running=False, message="It was never started."))

    def logs(self, release: str, limit_bytes: int) -> bytes:
        return f"log of {release}\n".encode()[-limit_bytes:] if release in self.standings else b""

    def prune(self, environment: str, keep: Collection[str]) -> list[str]:
        self.calls.append(("prune", environment))
        kept = {*keep, *(release for release, _ in self.shown.values())}
        kept |= {release for release, standing in self.standings.items() if standing.running}
        gone = [name for name, made in self.recipes.items() if made.environment == environment and name not in kept]
        for name in gone:
            del self.recipes[name]
            self.standings.pop(name, None)
        return gone

    def die(self, release: str, exit_code: int = 1) -> None:
        """End as if by itself."""
        self._end(release, f"It exited with {exit_code}.", exit_code)

    def _launch(self, release: str) -> Standing:
        address: Address = ("tcp", "127.0.0.1", self.recipes[release].port)
        self.standings[release] = Standing(release, True, self.look(release).launches + 1, address)
        return self.standings[release]

    def _end(self, release: str, message: str, exit_code: int | None) -> None:
        self.standings[release] = replace(
            self.standings[release], running=False, address=None, message=message, exit_code=exit_code
        )

    def _show(self, environment: str, release: str | None, generation: int) -> None:
        known = self.shown.get(environment)
        if known and known != (release, generation) and generation <= known[1]:
            raise StaleSwitch(f"{environment} is at generation {known[1]}; {generation} comes too late.")
        self.shown[environment] = (release, generation)
