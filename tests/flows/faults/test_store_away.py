"""The S3 store is away for half a minute, with a run in flight that has artifacts to put there."""

from __future__ import annotations

import time

import pytest

from tests.flows.faults.load import Load, slow_site
from tests.servers.stack import Stack

pytestmark = [pytest.mark.flow]

AWAY_S = 30.0


def test_the_store_is_away_for_half_a_minute(on_redis: Stack, load: Load) -> None:
    load.start_site(lasts_s=3)
    load.start_noops(5)
    on_redis.store.go_away()
    began_at = time.monotonic()
    second = on_redis.hive.start(spec=slow_site(0.0))
    load.sites.append(second)
    time.sleep(max(0.0, AWAY_S - (time.monotonic() - began_at)))
    on_redis.store.come_back()
    load.check()
