from __future__ import annotations

import pytest

from hive.cli.up.child import Child, http_get, waves


def child(name: str, needs: tuple[str, ...] = (), ends_before: tuple[str, ...] = ()) -> Child:
    return Child(name, ("true",), needs=needs, ends_before=ends_before)


def test_who_is_needed_is_stopped_after_who_needs_it() -> None:
    table = (child("valkey"), child("prepare", ("valkey",)), child("worker", ("valkey", "prepare")), child("web"))
    assert waves(table) == [["worker", "web"], ["prepare"], ["valkey"]]


def test_some_are_stopped_in_order_without_needing_one_another() -> None:
    assert waves((child("host"), child("worker", ends_before=("host",)))) == [["worker"], ["host"]]


def test_a_circle_is_refused() -> None:
    with pytest.raises(ValueError, match="need one another: a, b"):
        waves((child("a", ("b",)), child("b", ("a",))))


def test_an_unknown_need_is_refused() -> None:
    with pytest.raises(ValueError, match="not in the table: clock"):
        waves((child("a", ("clock",)),))


def test_http_is_asked_under_the_name_that_the_server_answers_to() -> None:
    answer = http_get("127.0.0.1", 8000, "/readyz", "hive.example:8000")
    assert answer.address == ("127.0.0.1", 8000)
    assert b"GET /readyz HTTP/1.1\r\nHost: hive.example:8000\r\n" in answer.question
