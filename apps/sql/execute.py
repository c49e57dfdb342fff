"""Plain statements whose text is always the same: carried out, and planned once where the session keeps plans."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction


@contextmanager
def carried_out(sql: str, params: Sequence[Any]) -> Iterator[Any]:
    """A cursor on what this statement has found, which finds a few rows by their keys. Values are parameters and never
    part of the text: each text is kept, and its plan with it (hive/postgresql/prepared.py).
    """
    often = getattr(connection, "execute_often", None)
    with connection.cursor() as cursor:
        if often is None:
            cursor.execute(sql, params)
        else:
            often(cursor, sql, params)
        yield cursor


def execute(sql: str, *params: Any) -> int:
    """One statement that writes; how many rows it touched. Times are adapted by whoever calls: see at()."""
    with carried_out(sql, params) as cursor:
        return int(cursor.rowcount)


def at(moment: Any) -> Any:
    """A point in time, as a parameter."""
    return connection.ops.adapt_datetimefield_value(moment)


def locks() -> bool:
    """Whether rows can be locked; SQLite has one writer at a time instead."""
    return bool(connection.features.has_select_for_no_key_update)


@contextmanager
def together() -> Iterator[None]:
    """All or nothing: in the caller's transaction, who then takes all of it back, or in one of its own."""
    if connection.in_atomic_block:
        yield
    else:
        with transaction.atomic():
            yield
