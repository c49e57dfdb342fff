"""A PostgreSQL and a Valkey to measure Hive on, as an operator runs them: every commit is on the disk, and flushed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from tests.bench.figures import Figure
from tests.servers.postgres import Postgres, postgres
from tests.servers.redis import redis

SAFE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "shared_buffers": "256MB"}


@contextmanager
def servers() -> Iterator[tuple[Postgres, dict[str, str]]]:
    """The database's server, and the settings by which Hive uses both."""
    with postgres(**SAFE) as database, redis() as broker:
        yield (
            database,
            {
                "HIVE_DATABASE_URL": database.create("hive"),
                "HIVE_BROKER_URL": broker.url(0),
                "HIVE_REDIS_URL": broker.url(1),
            },
        )


def on_servers(figures: Sequence[Figure]) -> list[Figure]:
    return [replace(figure, key=f"servers_{figure.key}", name=f"{figure.name} [servers]") for figure in figures]
