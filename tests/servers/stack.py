"""A real Hive on real servers of its own: PostgreSQL, Redis, Valkey or RabbitMQ, and S3."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.flows.real.hive import Hive, running
from tests.servers.postgres import Postgres, postgres
from tests.servers.rabbitmq import RabbitMQ, rabbitmq
from tests.servers.redis import Redis, redis, valkey
from tests.servers.s3 import S3, s3

Broker = Redis | RabbitMQ
BROKERS: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    "redis": redis,
    "valkey": valkey,
    "rabbitmq": rabbitmq,
}


@dataclass(frozen=True)
class Stack:
    hive: Hive
    database: Postgres
    broker: Any  # Redis or RabbitMQ
    store: S3
    settings: dict[str, str]

    def sql(self, statement: str, *params: Any) -> list[tuple[Any, ...]]:
        return self.database.sql(statement, params, database="hive")


@contextmanager
def stack(folder: Path, kind: str, table: str = "", **settings: str) -> Iterator[Stack]:
    """Redis or Valkey is for wake-ups too; beside RabbitMQ, Hive starts its own Valkey for them."""
    with postgres(fsync="on", synchronous_commit="on") as database, BROKERS[kind]() as broker, s3() as store:
        settings |= {"HIVE_DATABASE_URL": database.create("hive"), "HIVE_BROKER_URL": broker.url()}
        settings.setdefault("HIVE_STORE_URL", store.create("artifacts"))
        if kind != "rabbitmq":
            settings["HIVE_REDIS_URL"] = broker.url(1)
        with running(folder / "home", table, **settings) as hive:
            yield Stack(hive, database, broker, store, settings)
