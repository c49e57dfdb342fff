"""PostgreSQL, Redis and Valkey are killed and restarted with runs in flight."""

from __future__ import annotations

import time

import pytest

from tests.flows.faults.load import Load
from tests.servers.stack import Stack

pytestmark = [pytest.mark.flow]

LEASE_S = 6.0


@pytest.mark.parametrize(
    ("end", "away_s"),
    [("stop", 1.0), ("kill", LEASE_S + 4)],
    ids=["restarted", "killed, and away for longer than a lease"],
)
def test_the_database_goes_away(on_redis: Stack, load: Load, end: str, away_s: float) -> None:
    load.start_site(lasts_s=4)
    load.start_noops(8)
    getattr(on_redis.database, end)()
    time.sleep(away_s)
    on_redis.database.start()
    load.start_noops(2)
    load.check()


@pytest.mark.parametrize("data", ["kept", "gone"])
@pytest.mark.parametrize("kind", ["redis", "valkey"])
def test_the_broker_is_killed(request: pytest.FixtureRequest, kind: str, data: str) -> None:
    real: Stack = request.getfixturevalue(f"on_{kind}")
    load = Load(real.hive)
    load.start_site(lasts_s=3)
    load.start_noops(20)
    real.broker.kill()
    if data == "gone":
        real.broker.lose_data()
    load.start_noops(2)  # nobody can send for these: the sweep will
    real.broker.start()
    load.start_noops(2)
    load.check()
