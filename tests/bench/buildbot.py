"""Hive and Buildbot 4.3 at the same CI jobs: one after the other in one run, on the same PostgreSQL, both with real
agents as processes of this machine, none with containers.

Jobs are submitted over each server's HTTP API and count as ended when that is committed. Both cores are shared by
server, database, agents and this program, so an agent's processor time costs throughput too.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench.figures import Figure, middle
from tests.bench.installation import measured_hive
from tests.bench.rivals.buildbot import CREWS, buildbot, installed
from tests.bench.rivals.hive import HiveSide
from tests.bench.rivals.side import Side
from tests.bench.rivals.trials import JOBS, Backlog, Singles, backlog, singles
from tests.bench.servers import SAFE
from tests.servers.postgres import Postgres, postgres

Rounds = list[tuple[list[Backlog], Singles]]
RATIO, P50_MS, TRANSACTIONS, LOG_MB_PER_S = 10, 60, 12, 20  # the goals


def measure(repeat: int) -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="hive-bench-") as name, postgres(**SAFE) as database:
        folder = Path(name)
        folder.chmod(0o711)  # commands of agents that root has started run as somebody else
        with _hive(database, folder) as side:
            ours = [_round(side, database) for _ in range(repeat)]
        theirs: Rounds = []
        if installed():
            with buildbot(database, folder / "buildbot") as side:
                theirs = [_round(side, database) for _ in range(repeat)]
    return [*_figures("hive", ours, theirs), *(_figures("buildbot", theirs, []) if theirs else ())]


@contextmanager
def _hive(database: Postgres, folder: Path) -> Iterator[Side]:
    """With as many requests per minute as a bench likes to make; all else is usual."""
    with measured_hive(HIVE_DATABASE_URL=database.create(HiveSide.database), HIVE_RATE="0/min") as hive:
        yield HiveSide(hive, database, folder)


def _round(side: Side, database: Postgres) -> tuple[list[Backlog], Singles]:
    return [backlog(side, database, *crew) for crew in CREWS], singles(side)


def _figures(name: str, rounds: Rounds, others: Rounds) -> list[Figure]:
    ours = name == "hive"
    found = []
    for at, (count, slots) in enumerate(CREWS):
        each = [backlogs[at] for backlogs, _ in rounds]
        per_s = middle([one.per_s for one in each])
        crew, about = f"{count}x{slots}", f"{count} agent{'s' if count > 1 else ''} × {slots}"
        found += [
            Figure(f"{name}_{crew}_jobs_per_s", f"{name}: {JOBS} jobs that do nothing, {about}", per_s, "jobs/s"),
            *_ratio(at, crew, per_s, others),
            Figure(f"{name}_{crew}_server_ms", "    processor time of the server, per job", *_ms(each, "server_ms")),
            Figure(f"{name}_{crew}_agents_ms", "    of the agents, per job", *_ms(each, "agents_ms")),
            Figure(
                f"{name}_{crew}_transactions",
                "    transactions per job",
                middle([one.transactions for one in each]),
                "",
                TRANSACTIONS if ours else None,
            ),
        ]
    return [*found, *_one_by_one(name, [one for _, one in rounds], ours)]


def _ratio(at: int, crew: str, per_s: float, others: Rounds) -> list[Figure]:
    if not others:
        return []
    theirs = middle([backlogs[at].per_s for backlogs, _ in others])
    return [Figure(f"buildbot_{crew}_ratio", "    times Buildbot's", per_s / theirs, "x", at_least=RATIO)]


def _ms(each: list[Backlog], name: str) -> tuple[float, str]:
    return middle([getattr(one, name) for one in each]), "ms"


def _one_by_one(name: str, each: list[Singles], ours: bool) -> list[Figure]:
    p50, p99 = (middle([getattr(one, key) for one in each]) for key in ("p50_ms", "p99_ms"))
    log, canceled, killed = (
        middle([getattr(one, key) for one in each]) for key in ("log_mb_per_s", "cancel_s", "killed_s")
    )
    return [
        Figure(f"{name}_single_p50_ms", f"{name}: one job at a time, p50", p50, "ms", P50_MS if ours else None),
        Figure(f"{name}_single_p99_ms", "    p99", p99, "ms"),
        Figure(
            f"{name}_log_mb_per_s",
            "    a job with 10 MB of log, the whole job",
            log,
            "MB/s",
            at_least=LOG_MB_PER_S if ours else None,
        ),
        Figure(f"{name}_cancel_s", "    from a cancellation to the job's end", canceled, "s"),
        Figure(f"{name}_killed_s", "    from an agent's SIGKILL to its job's end", killed, "s"),
    ]
