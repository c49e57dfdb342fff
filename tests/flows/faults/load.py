"""Runs in flight while something fails: some that do nothing, some that build a site."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.flows.real.evidence import SPEC, check_ended_right, check_site_is_built_once
from tests.flows.real.hive import Hive, until


@dataclass
class Load:
    hive: Hive
    noops: list[int] = field(default_factory=list)
    sites: list[int] = field(default_factory=list)

    def start_noops(self, count: int) -> None:
        self.noops += [self.hive.start(workflow="noop") for _ in range(count)]

    def start_site(self, lasts_s: float = 0.0, **changes: Any) -> int:
        """A site whose tests take so long; returns when they run."""
        run_id = self.begin_site(lasts_s, **changes)
        self.wait_until_running(run_id, "testing.test")
        return run_id

    def begin_site(self, lasts_s: float = 0.0, **changes: Any) -> int:
        """The same, and does not wait. Each site is a project of its own: two of one would take each other's place."""
        self.sites.append(self.hive.start(spec=slow_site(f"site-{len(self.sites)}", lasts_s) | changes))
        return self.sites[-1]

    def wait_until_running(self, run_id: int, step: str) -> Any:
        def running() -> Any:
            jobs = self.hive.all(f"runs/{run_id}/jobs")
            return next((job for job in jobs if job["step"] == step and job["status"] == "running"), None)

        return until(running, 90, lambda: f"{step} does not begin: {self.hive.all(f'runs/{run_id}/jobs')}")

    def check(self) -> None:
        """Nothing is lost, and nothing was done twice to its effect."""
        for run_id in [*self.noops, *self.sites]:
            check_ended_right(self.hive, run_id)
        for run_id in self.sites:
            check_site_is_built_once(self.hive, run_id)

    def attempts(self, run_id: int) -> set[int]:
        """1 alone: no job of it was tried again."""
        return {job["attempt"] for job in self.hive.all(f"runs/{run_id}/jobs")}


def slow_site(name: str, lasts_s: float) -> dict[str, Any]:
    return {**SPEC, "id": name, "tests": [{"run": f"sleep {lasts_s}; echo tested; test -f index.html"}]}
