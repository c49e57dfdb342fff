"""Remote agents: how soon a job that has become ready reaches one that waits, and what a thousand that wait cost."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from pathlib import Path
from typing import Any

from tests.bench.figures import Figure, middle, percentile
from tests.bench.fleet import Fleet, waiting
from tests.bench.installation import measured_hive
from tests.flows.real.hive import Hive

OFFERS = 50
REST_S = 0.1  # until the one that was offered a job waits again
IDLE = 1000
WINDOW_S = 30.0
TICKS = os.sysconf("SC_CLK_TCK")


def measure(repeat: int) -> list[Figure]:
    with measured_hive() as hive:
        tokens = _enrol(IDLE)
        one = asyncio.run(_offers(hive.url, tokens[:1]))
        rounds = [asyncio.run(_idle(hive, tokens)) for _ in range(repeat)]
    many = [ms for _, offers in rounds for ms in offers]
    return [
        Figure("offer_p50_ms", "a job that is ready, until the agent that waits has it, p50", middle(one), "ms", 50),
        Figure("offer_p99_ms", "    p99", percentile(one, 0.99), "ms"),
        Figure("idle_cpu_percent", f"{IDLE} idle agents, of a core", middle([cpu for cpu, _ in rounds]), "%", 30),
        Figure("offer_among_many_p50_ms", f"    an offer to one of the {IDLE}, p50", middle(many), "ms", 50),
        Figure("offer_among_many_p99_ms", "    p99", percentile(many, 0.99), "ms"),
    ]


def _enrol(count: int) -> list[str]:
    from django.db import transaction

    from apps.fleet.services.enrol import Introduction, create_token, register
    from apps.fleet.tokens import issue

    logging.disable(logging.WARNING)  # a line for each of them
    token = create_token(None, "bench", tags=["arm"], most=count).token
    with transaction.atomic():
        return [issue(register(token, Introduction(f"a{number}")).agent)[0] for number in range(count)]


async def _idle(hive: Hive, tokens: list[str]) -> tuple[float, list[float]]:
    """Percent of a core that the web server takes while they wait, and what offers to them take then."""
    async with waiting(hive.url, tokens) as fleet:
        pid = hive.pids()["web"]
        began, before = time.monotonic(), _cpu_s(pid)
        await asyncio.sleep(WINDOW_S)
        percent = 100 * (_cpu_s(pid) - before) / (time.monotonic() - began)
        return percent, await _measured(fleet)


async def _offers(url: str, tokens: list[str]) -> list[float]:
    async with waiting(url, tokens) as fleet:
        return await _measured(fleet)


async def _measured(fleet: Fleet) -> list[float]:
    found = []
    for _ in range(OFFERS):
        await asyncio.sleep(REST_S)
        fleet.got.clear()
        job, ready_at = await asyncio.to_thread(_make_job)
        await asyncio.wait_for(fleet.got.wait(), 30)
        found.append(1000 * (fleet.offered - ready_at))
        await asyncio.to_thread(job.run.delete)
    return found


def _make_job() -> tuple[Any, float]:
    """A job for agents, and when it was ready, by perf_counter(): its transaction has ended, and nobody knows yet."""
    from django.db import transaction

    from apps.events import wake
    from apps.projects.models import Project
    from apps.runs.models import Job, Run

    with transaction.atomic():
        run = Run.objects.create(project=_project(Project), workflow="noop", title="For agents", epoch=1)
        job = Job.objects.create(run=run, role="testing", step="testing.noop", runs_on=["arm"])
    ready_at = time.perf_counter()
    wake.fleet()
    return job, ready_at


def _project(projects: Any) -> Any:
    from apps.accounts.models import Organisation

    return projects.objects.get_or_create(slug="bench", organisation=Organisation.objects.first())[0]


def _cpu_s(pid: int) -> float:
    """Of the process with all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS
