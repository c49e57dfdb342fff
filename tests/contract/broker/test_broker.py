"""What Hive relies on, of every kind of broker, with the settings that it chose for it."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

import pytest
from celery import Celery
from kombu.exceptions import OperationalError

from apps.runs.services import dispatch
from hive import wire
from tests import busy
from tests.contract.broker.conftest import QUEUE, messages
from tests.flows.real.hive import until
from tests.servers.rabbitmq import RabbitMQ


def send(priority: int, number: int) -> None:
    dispatch.send("a.task", number, priority=priority)


def test_a_queue_that_nobody_has_used_is_empty_and_hides_no_other(app: Celery) -> None:
    assert dispatch.queue_is_empty(QUEUE)
    for number in range(3):
        send(3, number)
    assert dispatch.queue_lengths(["never used", QUEUE, "nor this"]) == {"never used": 0, QUEUE: 3, "nor this": 0}


def test_what_was_sent_outlives_the_brokers_death_and_sending_meanwhile_fails_at_once(server: Any, app: Celery) -> None:
    for number in range(20):
        send(3, number)
    server.kill()
    began_at = time.monotonic()
    try:
        with pytest.raises(OperationalError):
            send(3, 20)
        assert time.monotonic() - began_at < busy.allowed(10)
    finally:
        server.start()
    send(3, 21)  # by the same connections
    until(lambda: dispatch.queue_lengths([QUEUE])[QUEUE] == 21, 30, lambda: "messages are lost")
    assert [message.payload[0][0] for message in messages(app)] == [*range(20), 21]


def test_what_is_urgent_comes_first_where_the_broker_can(server: Any, app: Celery) -> None:
    for priority in (6, 3, 0):
        send(priority, priority)
    found = messages(app)
    if isinstance(server, RabbitMQ):  # before its version 4, quorum queues keep the order of arrival
        assert [message.properties["priority"] for message in found] == [1, 4, 9]
    else:
        assert [message.payload[0][0] for message in found] == [0, 3, 6]


def test_a_sender_does_not_wait_for_ever_for_a_broker_that_hangs(
    server: Any, app: Celery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "CONFIRM_S", 0.5)
    app.conf.broker_transport_options["socket_timeout"] = 0.5  # what bounds the wait for Redis
    send(3, 1)
    os.kill(server.pid, signal.SIGSTOP)
    try:
        began_at = time.monotonic()
        with pytest.raises(OperationalError):
            send(3, 2)
        assert time.monotonic() - began_at < 30
    finally:
        os.kill(server.pid, signal.SIGCONT)
