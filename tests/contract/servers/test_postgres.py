"""The private PostgreSQL of the tests does to its clients what a real one does to them."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg2
import pytest

from tests.servers.postgres import Postgres, postgres


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres(fsync="on", synchronous_commit="on") as running:
        running.create("hive")
        yield running


@pytest.mark.parametrize("way", ["stop", "kill"])
def test_what_was_committed_is_there_after_a_restart(server: Postgres, way: str) -> None:
    server.sql(f"CREATE TABLE {way} (n int)", database="hive")
    server.sql(f"INSERT INTO {way} VALUES (1), (2)", database="hive")
    getattr(server, way)()
    with pytest.raises(psycopg2.OperationalError):
        server.sql("SELECT 1")
    server.start()
    assert server.sql(f"SELECT n FROM {way} ORDER BY n", database="hive") == [(1,), (2,)]


def test_a_cut_connection_is_one_that_breaks(server: Postgres) -> None:
    held = psycopg2.connect(server.url("hive"))
    with held.cursor() as cursor:
        assert server.cut_connections("hive") == 1
        with pytest.raises(psycopg2.OperationalError):
            cursor.execute("SELECT 1")
    held.close()


def test_it_does_not_trust_the_network(server: Postgres) -> None:
    assert server.sql("SHOW listen_addresses") == [("127.0.0.1",)]
