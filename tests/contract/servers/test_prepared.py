"""Statements that a session plans once: they do what they would do otherwise, and what cannot be prepared is not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db.utils import (
    DataError,
    InternalError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
)

from hive.postgresql import prepared
from hive.postgresql.base import DatabaseWrapper
from tests.contract.servers.sessions import connected
from tests.servers.postgres import Postgres, postgres

MOMENT = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
VALUES = (7, "it's \\ 100 % %s \u2603", MOMENT, None, b"\x00\xff'", '{"a": ["b"]}')
INSERT = "INSERT INTO thing (number, word, at, none, raw, said) VALUES (%s, %s, %s, %s, %s, %s) RETURNING id"
FIND = "SELECT number, word, at, none, raw, said::text FROM thing WHERE number = %s AND word LIKE 'it%%'"
COLUMNS = "id serial, number bigint, word varchar(50), at timestamptz, none int, raw bytea, said jsonb"


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres() as running:
        running.create("hive")
        yield running


@pytest.fixture
def here(
    server: Postgres, django_db_blocker: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[DatabaseWrapper]:
    monkeypatch.setattr(prepared, "_off", False)
    monkeypatch.setattr(prepared, "_unfit", set())
    with django_db_blocker.unblock(), connected(server, tmp_path) as wrapper:
        plain(wrapper, "DROP TABLE IF EXISTS thing")
        plain(wrapper, f"CREATE TABLE thing ({COLUMNS})")
        yield wrapper


def plain(here: DatabaseWrapper, sql: str) -> list[Any]:
    with here.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall()) if cursor.description else []


def often(here: DatabaseWrapper, sql: str, *params: Any) -> list[Any]:
    with here.cursor() as cursor:
        here.execute_often(cursor, sql, params)
        return list(cursor.fetchall()) if cursor.description else []


@contextmanager
def transaction(here: DatabaseWrapper) -> Iterator[None]:
    here.set_autocommit(False)
    try:
        yield
        here.commit()
    except BaseException:
        here.rollback()
        raise
    finally:
        here.set_autocommit(True)


def names(here: DatabaseWrapper) -> list[str]:
    return [name for (name,) in plain(here, "SELECT name FROM pg_prepared_statements ORDER BY 1")]


def test_what_is_done_again_and_again_is_prepared_and_does_the_same(here: DatabaseWrapper) -> None:
    found = []
    for _ in range(8):  # the first ones as they are, five with plans of their own, then with a general one
        often(here, INSERT, *VALUES)
        found.append([(*row[:4], bytes(row[4]), row[5]) for row in often(here, FIND, 7)])
    assert found == [[VALUES] * (number + 1) for number in range(8)]
    assert len(names(here)) == 2


def test_what_is_done_twice_is_not(here: DatabaseWrapper) -> None:
    for _ in range(prepared.AFTER):
        often(here, FIND, 7)
    assert names(here) == []


def test_each_session_prepares_its_own(here: DatabaseWrapper) -> None:
    for _ in range(2):
        for _ in range(prepared.AFTER + 1):
            often(here, FIND, 7)
        assert len(names(here)) == 1
        here.close()


def test_what_cannot_be_prepared_is_planned_each_time_also_in_a_transaction(here: DatabaseWrapper) -> None:
    with transaction(here):
        often(here, INSERT, *VALUES)
        for _ in range(5):
            assert often(here, "SELECT %s + %s", 1, 2) == [(3,)]
    assert often(here, "SELECT count(*) FROM thing") == [(1,)]
    assert names(here) == []


def test_an_error_is_what_it_would_be(here: DatabaseWrapper) -> None:
    for _ in range(5):
        often(here, FIND, 7)
    with pytest.raises(DataError, match="invalid input syntax"):
        often(here, FIND, "seven")
    assert often(here, FIND, 7) == []


def test_in_a_transaction_that_has_failed_nothing_is_prepared(here: DatabaseWrapper) -> None:
    for _ in range(prepared.AFTER):
        often(here, FIND, 7)
    here.set_autocommit(False)
    with pytest.raises(ProgrammingError):
        plain(here, "SELECT nothing")
    with pytest.raises(InternalError, match="transaction is aborted"):
        often(here, FIND, 7)
    here.rollback()
    here.set_autocommit(True)
    assert often(here, FIND, 7) == []


def test_a_migration_that_changes_a_column_costs_one_transaction(here: DatabaseWrapper) -> None:
    for _ in range(4):
        often(here, "SELECT number FROM thing")
    plain(here, "ALTER TABLE thing ALTER number TYPE text USING number::text")
    with pytest.raises(NotSupportedError):
        often(here, "SELECT number FROM thing")
    for _ in range(4):
        assert often(here, "SELECT number FROM thing") == []


def test_a_migration_that_adds_a_column_costs_nothing(here: DatabaseWrapper) -> None:
    for number in range(8):
        often(here, INSERT, *VALUES)
        if number == 6:
            plain(here, "ALTER TABLE thing ADD more int DEFAULT 5")
    assert len(often(here, FIND, 7)) == 8


def test_behind_a_pooler_that_loses_them_none_is_prepared_any_more(here: DatabaseWrapper) -> None:
    for _ in range(4):
        often(here, FIND, 7)
    plain(here, "DEALLOCATE ALL")
    with pytest.raises(OperationalError):
        often(here, FIND, 7)
    for _ in range(4):
        assert often(here, FIND, 7) == []
    assert names(here) == []
