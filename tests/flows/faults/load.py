"""Runs in flight while something fails: some that do nothing, one that builds a site."""

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

    def start_site(self, lasts_s: float = 0.0, wait_for: str = "testing.test") -> int:
        """A site whose tests take so long; returns when the job of this step runs."""
        run_id = self.begin_site(lasts_s)
        self.wait_until_running(run_id, wait_for)
        return run_id

    def begin_site(self, lasts_s: float = 0.0) -> int:
        """The same, and does not wait."""
        self.sites.append(self.hive.start(spec=slow_site(lasts_s)))
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
        live = [run_id for run_id in self.sites if self.hive.get(f"runs/{run_id}")["release"]["status"] == "live"]
        assert len(live) == min(len(self.sites), 1), (
            "one of them is live, whichever came last; it superseded the others"
        )
        for run_id in live:
            check_site_is_built_once(self.hive, run_id)


def slow_site(lasts_s: float) -> dict[str, Any]:
    return {**SPEC, "tests": [{"run": f"sleep {lasts_s}; echo tested; test -f index.html"}]}
