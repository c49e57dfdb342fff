"""Which settings go with which address of a broker."""

from __future__ import annotations

import pytest
from celery import Celery

from hive import env
from hive.consumer import Consumer
from hive.settings import broker
from hive.wire import is_rabbitmq, rabbitmq_priority


@pytest.mark.parametrize("scheme", ["redis", "rediss", "redis+socket"])
def test_redis_has_its_messages_acknowledged_when_the_work_begins(scheme: str) -> None:
    kind = broker.kind_of(f"{scheme}://host:6379/0")
    assert not kind.acks_late
    assert kind.queue_arguments is None


@pytest.mark.parametrize("scheme", ["amqp", "amqps"])
def test_rabbitmq_has_quorum_queues_late_acks_and_confirms(scheme: str) -> None:
    kind = broker.kind_of(f"{scheme}://host//")
    assert kind.acks_late
    assert kind.queue_arguments == {"x-queue-type": "quorum"}
    assert kind.transport_options["confirm_publish"]


def test_an_address_of_another_kind_is_refused_by_its_setting() -> None:
    with pytest.raises(env.BadSetting, match="HIVE_BROKER_URL: 'sqs' is not known"):
        broker.kind_of("sqs://key@")


def test_what_is_first_on_redis_is_the_only_urgent_one_on_rabbitmq() -> None:
    high, normal, low = (rabbitmq_priority(priority) for priority in (0, 3, 6))
    assert high >= 5 > normal > low >= 0


def test_a_worker_declares_no_queues_for_messages_that_are_to_wait() -> None:
    steps = [str(step) for step in Consumer.Blueprint.default_steps]
    assert not [step for step in steps if "Delayed" in step]
    assert [step for step in steps if step.endswith("tasks:Tasks")]


def test_the_kind_is_read_from_the_address() -> None:
    assert is_rabbitmq(Celery(broker="amqps://host//", set_as_current=False))
    assert not is_rabbitmq(Celery(broker="redis://host/0", set_as_current=False))
