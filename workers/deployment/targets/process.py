"""ProcessTarget: releases as supervised processes of this machine, each in a sandbox of its own."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from workers.deployment.host.client import HostClient
from workers.deployment.host.plan import Plan
from workers.deployment.targets.building import Builder, Stop, argv, cwd
from workers.deployment.targets.folder import ReleaseFolder
from workers.deployment.targets.hosted import HostedTarget
from workers.deployment.targets.port import Around, Build
from workers.deployment.targets.recipe import Recipe
from workers.sandbox.port import OnOutput


class ProcessTarget(HostedTarget):
    """`releases`: HOME/releases. `builder` makes them, `host` runs them."""

    kind = "process"

    def __init__(self, releases: Path, builder: Builder, host: HostClient) -> None:
        super().__init__(releases, host)
        self._builder = builder

    def _make(
        self,
        folder: ReleaseFolder,
        checkout: BinaryIO,
        recipe: Recipe,
        on_output: OnOutput,
        stop: Stop,
        around: Around,
    ) -> Build:
        return self._builder.build(folder, checkout, recipe, on_output, stop, around)

    def _plan(self, folder: ReleaseFolder, recipe: Recipe) -> Plan:
        return Plan(
            release=folder.release,
            files=str(folder.files),
            argv=argv(recipe),
            log=str(folder.log),
            env=dict(recipe.env),
            port=recipe.port,
            limits=recipe.limits,
            sandbox=recipe.sandbox,
            cwd=cwd(recipe),
        )
