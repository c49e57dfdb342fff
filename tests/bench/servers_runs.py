"""(a) to (c) on PostgreSQL and Valkey, and how many transactions of the database a job costs."""

from __future__ import annotations

import time
from typing import Any

from tests.bench import runs
from tests.bench.figures import Figure, middle
from tests.bench.installation import measured_hive
from tests.bench.servers import on_servers, servers
from tests.servers.postgres import Postgres

COUNTED = 100  # runs
JOBS = 5  # of a run
FLUSH_S = 1.5  # a session of PostgreSQL tells its counters a second after its last transaction
LOOK_S = 0.25


def measure(repeat: int) -> list[Figure]:
    with servers() as (database, settings), measured_hive(**settings):
        figures = runs.measure_here(repeat)
        costs = middle([_transactions_per_job(database) for _ in range(repeat)])
    return on_servers([*figures, Figure("transactions_per_job", "    transactions per job", costs, "", 12)])


def _transactions_per_job(database: Postgres) -> float:
    """By PostgreSQL's own count, the ticks of beat included; without those that are this process's looks."""
    time.sleep(FLUSH_S)
    before, looks = _count(database), 0
    pks = [run.pk for run in _started()]
    while runs.ended(pks) < COUNTED:
        looks += 1
        time.sleep(LOOK_S)
    time.sleep(FLUSH_S)
    return (_count(database) - before - looks - 2) / (COUNTED * JOBS)  # the last look, and that for the project


def _started() -> list[Any]:
    from apps.runs.services.start import start_run

    project = runs.project()
    return [start_run(project, None, None, workflow="noop") for _ in range(COUNTED)]


def _count(database: Postgres) -> int:
    found = database.sql("SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = 'hive'")
    return int(found[0][0])
