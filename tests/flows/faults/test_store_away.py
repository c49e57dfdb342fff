"""The S3 store is away for half a minute, with runs in flight that have artifacts to put there."""

from __future__ import annotations

import time

import pytest

from tests.flows.faults.load import Load
from tests.flows.real.hive import until
from tests.servers.stack import Stack

pytestmark = [pytest.mark.flow]

AWAY_S = 30.0


def test_jobs_wait_for_the_store_and_go_on_where_they_were(on_redis: Stack, load: Load) -> None:
    tested = load.start_site(lasts_s=3)
    on_redis.store.go_away()
    began_at = time.monotonic()
    written = load.begin_site()
    load.start_noops(5)
    until(lambda: not store_answers(on_redis), 20, lambda: "/readyz does not see that the store is away")
    time.sleep(max(0.0, AWAY_S - (time.monotonic() - began_at)))
    waiting = {
        load.wait_until_running(tested, "testing.test")["id"],
        load.wait_until_running(written, "coding.code")["id"],
    }
    on_redis.store.come_back()
    load.check()
    assert load.attempts(tested) == load.attempts(written) == {1}
    assert {on_redis.hive.get(f"jobs/{job_id}")["status"] for job_id in waiting} == {"completed"}
    assert store_answers(on_redis)


def store_answers(stack: Stack) -> bool:
    return bool(stack.hive.client.get(f"{stack.hive.url}/readyz").json()["parts"]["store"]["ok"])
