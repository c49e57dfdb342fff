"""The peer: a chain of five tasks that do nothing, on the same broker, with nothing recorded."""

from __future__ import annotations

import os

from celery import Celery, chain

# Not the current app: Hive's own sends through that one.
app = Celery("bare", broker=os.environ.get("BARE_BROKER", "memory://"), set_as_current=False)
app.conf.update(
    task_ignore_result=True,
    task_default_queue="bare",
    worker_prefetch_multiplier=1,
    broker_transport_options={"sep": ":"},
    worker_hijack_root_logger=False,
)


@app.task(name="bare.nothing")
def nothing() -> None:
    """Does nothing."""


@app.task(name="bare.tell")
def tell(key: str) -> None:
    """The fifth and last: says that the chain is through."""
    with app.pool.acquire(block=True) as connection:
        connection.default_channel.client.rpush(key, b"1")


def five(key: str) -> None:
    """Publish a chain of five."""
    chain(*[nothing.si() for _ in range(4)], tell.si(key)).apply_async()
