"""One Hive on PostgreSQL and Redis for all faults that do not need another; each test leaves its servers running."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.flows.faults.load import Load
from tests.servers.stack import Stack, stack


@pytest.fixture(scope="module")
def on_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with stack(tmp_path_factory.mktemp("faults"), "redis") as found:
        yield found


@pytest.fixture(scope="module")
def on_valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with stack(tmp_path_factory.mktemp("faults"), "valkey") as found:
        yield found


@pytest.fixture(scope="module")
def on_rabbitmq(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with stack(tmp_path_factory.mktemp("faults"), "rabbitmq") as found:
        yield found


@pytest.fixture
def load(on_redis: Stack) -> Load:
    return Load(on_redis.hive)
