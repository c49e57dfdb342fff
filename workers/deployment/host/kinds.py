"""Launchers: the right launcher for each kind of plan."""

from __future__ import annotations

from collections.abc import Mapping

from workers.deployment.host.errors import LaunchFailed
from workers.deployment.host.launcher import Launched, Launcher
from workers.deployment.host.plan import Plan


class Launchers:
    """A Launcher that hands on to the one that a plan's `kind` names."""

    def __init__(self, by_kind: Mapping[str, Launcher]) -> None:
        self._by_kind = by_kind

    def launch(self, plan: Plan) -> Launched:
        if plan.kind not in self._by_kind:
            raise LaunchFailed(f"Release {plan.release} is of the kind {plan.kind!r}, which this host cannot run.")
        return self._by_kind[plan.kind].launch(plan)

    def forget(self, plan: Plan) -> None:
        if plan.kind in self._by_kind:
            self._by_kind[plan.kind].forget(plan)

    def sweep(self) -> None:
        for launcher in self._by_kind.values():
            launcher.sweep()
