"""A Celery app with Hive's settings for each kind of broker, on a real one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from celery import Celery, current_app
from kombu import Queue

from hive.settings.broker import kind_of
from hive.wire import Wire
from tests.servers.stack import BROKERS

QUEUE = "contract"


@pytest.fixture(scope="module", params=list(BROKERS))
def server(request: pytest.FixtureRequest) -> Iterator[Any]:
    with BROKERS[request.param]() as running:
        with closing(make_app(running)) as app:
            messages(app)
        time.sleep(2)  # RabbitMQ 3.10, killed within half a second of a quorum queue's first declaration, loses it
        yield running


@pytest.fixture
def app(server: Any) -> Iterator[Celery]:
    """The current app for as long as the test takes; its queue is empty."""
    before = current_app._get_current_object()
    app = make_app(server)
    messages(app)
    app.set_current()
    try:
        yield app
    finally:
        before.set_current()
        app.close()


def make_app(server: Any) -> Celery:
    kind = kind_of(server.url())
    app = Celery("contract", amqp=Wire, broker=server.url(), set_as_current=False)
    app.conf.task_queues = [Queue(QUEUE, queue_arguments=kind.queue_arguments)]
    app.conf.task_default_queue = QUEUE
    app.conf.broker_transport_options = dict(kind.transport_options)
    return app


def messages(app: Celery) -> list[Any]:
    """Take everything out of the queue, which is declared if need be."""
    with app.connection_for_read() as connection, connection.channel() as channel:
        queue = app.amqp.queues[QUEUE](channel)
        queue.declare()
        return list(iter(lambda: queue.get(no_ack=True), None))
