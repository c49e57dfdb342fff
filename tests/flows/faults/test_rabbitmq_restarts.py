"""RabbitMQ is restarted and killed with runs in flight. What workers held comes again, and is refused."""

from __future__ import annotations

import pytest

from tests.flows.faults.load import Load
from tests.servers.stack import Stack

pytestmark = [pytest.mark.flow]


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_the_broker_is_restarted(on_rabbitmq: Stack, end: str) -> None:
    load = Load(on_rabbitmq.hive)
    load.start_site(lasts_s=3)
    load.start_noops(15)
    getattr(on_rabbitmq.broker, end)()
    load.start_noops(2)
    on_rabbitmq.broker.start()
    load.start_noops(2)
    load.check()


def test_afterwards_workers_take_as_many_jobs_at_once_as_before(on_rabbitmq: Stack) -> None:
    """Celery would count what ran when the connection broke against what a worker may take, for ever."""
    load = Load(on_rabbitmq.hive)
    first, second = (load.begin_site(lasts_s=15) for _ in range(2))
    load.check()
    assert overlap(load, first, second), "a worker with two processes does one job at a time"


def overlap(load: Load, first: int, second: int) -> bool:
    """Whether both runs' tests were running at some moment."""
    spans = [
        (job["started_at"], job["finished_at"])
        for run_id in (first, second)
        for job in load.hive.all(f"runs/{run_id}/jobs")
        if job["step"] == "testing.test" and job["finished_at"]
    ]
    return len(spans) == 2 and spans[1][0] < spans[0][1]
