"""A connection that is kept between two pieces of work: asked seldom, and never used when its session has ended."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hive.postgresql.base import ASKED_EVERY_S, DatabaseWrapper
from tests.contract.servers.sessions import connected
from tests.servers.postgres import Postgres, postgres


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres() as running:
        running.create("hive")
        yield running


@pytest.fixture
def kept(server: Postgres, django_db_blocker: Any, tmp_path: Path) -> Iterator[DatabaseWrapper]:
    with django_db_blocker.unblock(), connected(server, tmp_path) as wrapper:
        session(wrapper)
        yield wrapper


def session(kept: DatabaseWrapper) -> int:
    """The number of the session that the next piece of work has."""
    kept.close_if_unusable_or_obsolete()  # as Django does before each request
    with kept.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def until_heard(kept: DatabaseWrapper) -> None:
    """What the server says comes a moment later."""
    until = time.monotonic() + 20
    while kept._is_quiet() and time.monotonic() < until:
        time.sleep(0.01)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    found: list[str] = []
    ask = DatabaseWrapper.is_usable
    monkeypatch.setattr(DatabaseWrapper, "is_usable", lambda self: (found.append("asked"), ask(self))[1])
    return found


def test_between_two_pieces_of_work_a_quiet_line_is_not_asked(kept: DatabaseWrapper, asked: list[str]) -> None:
    assert len({session(kept) for _ in range(5)}) == 1
    assert asked == []


def test_a_line_of_which_nothing_was_heard_for_a_while_is_asked(kept: DatabaseWrapper, asked: list[str]) -> None:
    first = session(kept)
    kept._asked_at -= ASKED_EVERY_S
    assert (session(kept), session(kept)) == (first, first)
    assert asked == ["asked"]


def test_a_session_that_was_ended_is_replaced(kept: DatabaseWrapper, server: Postgres) -> None:
    first = session(kept)
    assert server.cut_connections("hive") == 1
    until_heard(kept)
    assert session(kept) != first


@pytest.mark.parametrize("way", ["stop", "kill"])
def test_after_a_restart_of_the_server_work_goes_on(kept: DatabaseWrapper, server: Postgres, way: str) -> None:
    getattr(server, way)()
    server.start()
    assert session(kept) > 0


def test_a_line_on_which_something_was_said_is_asked_and_kept(
    kept: DatabaseWrapper, server: Postgres, asked: list[str]
) -> None:
    """A notification, say: it is no end."""
    with kept.cursor() as cursor:
        cursor.execute("LISTEN here")
    first = session(kept)
    server.sql("NOTIFY here", database="hive")
    until_heard(kept)
    assert session(kept) == first
    assert asked == ["asked"]


def test_after_an_error_the_server_is_asked_whatever_the_line_says(kept: DatabaseWrapper, asked: list[str]) -> None:
    first = session(kept)
    kept.errors_occurred = True
    assert session(kept) == first
    assert asked == ["asked"]
