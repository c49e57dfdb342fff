"""The flows of an embedded Hive, on PostgreSQL with Redis and with RabbitMQ."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.flows.real.evidence import SPEC, check_ended_right, check_site_is_built_once
from tests.flows.real.hive import Hive
from tests.flows.real.test_pipeline import (  # noqa: F401 - collected here once more, for the `hive` below
    test_a_diamond_is_written_side_by_side_merged_and_tested_as_a_whole,
    test_cancel_stops_the_command_and_everything_it_started_within_two_seconds,
    test_the_sample_blog_becomes_a_site_that_answers,
)
from tests.servers.stack import Stack, stack

pytestmark = [pytest.mark.flow]


@pytest.fixture(scope="module", params=["redis", "rabbitmq"])
def servers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with stack(tmp_path_factory.mktemp(request.param), request.param) as found:
        yield found


@pytest.fixture
def hive(servers: Stack) -> Hive:
    return servers.hive


def test_runs_that_do_nothing_pass_through_all_five_queues(hive: Hive) -> None:
    for run_id in [hive.start(workflow="noop") for _ in range(10)]:
        check_ended_right(hive, run_id)


def test_a_site_is_built_once(hive: Hive) -> None:
    run_id = hive.start(spec=SPEC)
    check_ended_right(hive, run_id)
    check_site_is_built_once(hive, run_id)


def test_the_servers_are_used_in_place_of_the_embedded_ones(servers: Stack) -> None:
    hive = servers.hive
    assert not list(hive.home.glob("*.sqlite3*"))
    assert ("valkey" in hive.pids()) == (not servers.settings.get("HIVE_REDIS_URL"))
    assert servers.sql("SELECT count(*) FROM runs_run WHERE status = 'completed'")[0][0] > 0


def test_readyz_sees_the_broker(hive: Hive) -> None:
    parts = hive.client.get(f"{hive.url}/readyz").json()["parts"]
    assert parts["broker"]["ok"], parts
