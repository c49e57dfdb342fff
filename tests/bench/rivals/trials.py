"""What both sides are asked to do, and what it took."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.bench.figures import middle, percentile
from tests.bench.rivals import processes
from tests.bench.rivals.side import LOG_BYTES, Crew, Side, until
from tests.servers.postgres import Postgres

JOBS = 200
SINGLES = 30
WARM_UP = 5
FLUSH_S = 1.5  # a session of PostgreSQL tells its counters a second after its last transaction


@dataclass(frozen=True)
class Backlog:
    """Of 200 jobs: from the first submission to the last end; processor time and transactions are per job."""

    per_s: float
    server_ms: float
    agents_ms: float
    transactions: float


def backlog(side: Side, postgres: Postgres, count: int, slots: int) -> Backlog:
    with side.crew(count, slots) as crew:
        _finish(side, [side.submit("nothing", crew) for _ in range(WARM_UP)])
        time.sleep(FLUSH_S)
        server, agents, committed = processes.cpu_s(side.server), _of_agents(crew), _committed(side, postgres)
        began = time.perf_counter()
        jobs = [side.submit("nothing", crew) for _ in range(JOBS)]
        took = _finish(side, jobs, every_s=0.05) - began
        server, agents = processes.cpu_s(side.server) - server, _of_agents(crew) - agents
        time.sleep(FLUSH_S)
        transactions = _committed(side, postgres) - committed
    return Backlog(JOBS / took, 1000 * server / JOBS, 1000 * agents / JOBS, transactions / JOBS)


def _finish(side: Side, jobs: list[int], every_s: float = 0.005) -> float:
    return until(lambda: side.ended(jobs) == len(jobs), f"{side.name}: the jobs do not succeed", every_s)


def _of_agents(crew: Crew) -> float:
    return sum(processes.cpu_s(agent.pid) for agent in crew.agents)


def _committed(side: Side, postgres: Postgres) -> int:
    """The trial's own looks are among them: one per job at the most."""
    counted = "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = %s"
    return int(postgres.sql(counted, [side.database])[0][0])


@dataclass(frozen=True)
class Singles:
    """One at a time, in milliseconds and seconds."""

    p50_ms: float
    p99_ms: float
    log_mb_per_s: float
    cancel_s: float
    killed_s: float


def singles(side: Side) -> Singles:
    """On a machine with two slots. The killed one comes last: nothing works after it."""
    with side.crew(1, 2) as crew:
        _finish(side, [side.submit("nothing", crew) for _ in range(WARM_UP)])
        took = [1000 * _time(side, "nothing", crew) for _ in range(SINGLES)]
        logs = middle([LOG_BYTES / 1e6 / _time(side, "log", crew) for _ in range(3)])
        canceled = middle([_until_over(side, crew, side.cancel) for _ in range(3)])
        killed = _until_over(side, crew, lambda _: crew.agents[0].kill())
    return Singles(middle(took), percentile(took, 0.99), logs, canceled, killed)


def _time(side: Side, kind: str, crew: Crew) -> float:
    began = time.perf_counter()
    job = side.submit(kind, crew)
    return _finish(side, [job], every_s=0.002) - began


def _until_over(side: Side, crew: Crew, do: Callable[[int], None]) -> float:
    """From what is done to a job that runs, until its end is recorded."""
    job = side.submit("long", crew)
    until(lambda: side.running(job), f"{side.name}: a job does not begin")
    time.sleep(1)
    began = time.perf_counter()
    do(job)
    took = until(lambda: side.over(job), f"{side.name}: a job is not ended") - began
    if crew.agents[0].poll() is not None:
        side.forget(job)
    return took
