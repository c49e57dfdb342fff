"""(d) on PostgreSQL and Valkey."""

from __future__ import annotations

from tests.bench import streams
from tests.bench.figures import Figure
from tests.bench.servers import on_servers, servers


def measure(repeat: int) -> list[Figure]:
    with servers() as (_, settings):
        return on_servers(streams.measure(repeat, **settings))
