"""Read: rows of several models by one statement that is written once, for reads that every request of an agent makes.

    FOUND = Read("FROM runs_job j JOIN runs_run r ON r.id = j.run_id WHERE j.id = %s", j=Job, r=Run)
    (job, run) = FOUND.one(7)

Django compiles a query anew each time: 0.4 to 1 ms for a row, several times what the database needs. This names the
columns once; values pass through the same converters, and what comes are the models' own instances.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from typing import Any

from django.db import connection, transaction
from django.db.models import Model, QuerySet

from apps.sql.often import execute_often

Row = tuple[Any, ...]


class Read:
    """`tail`: the statement from FROM on, which names each table by the name under which its model is given here.

    An outer join that finds nothing gives None in the place of the instance.
    """

    def __init__(self, tail: str, **models: type[Model]) -> None:
        self._models = models
        columns = ", ".join(
            f'{name}."{field.column}"' for name, model in models.items() for field in model._meta.concrete_fields
        )
        self._sql = f"SELECT {columns} {tail}"

    def all(self, *params: Any, lock: str = "") -> list[Row]:
        """`lock`: the table whose rows are locked until the transaction ends, where the database knows such locks."""
        sql = f"{self._sql} FOR NO KEY UPDATE OF {lock}" if lock and locks() else self._sql
        with carried_out(sql, params) as cursor:
            return [self._instances(row) for row in cursor.fetchall()]

    def one(self, *params: Any, lock: str = "") -> Row | None:
        """The first row; None where there is none."""
        found = self.all(*params, lock=lock)
        return found[0] if found else None

    def _instances(self, row: Sequence[Any]) -> Row:
        found, at = [], 0
        for model in self._models.values():
            names, converted = _shape(model, connection.vendor)
            values = list(row[at : at + len(names)])
            at += len(names)
            found.append(_instance(model, names, values, converted))
        return tuple(found)


class Compiled:
    """A query of Django's that is compiled once per database. `build` makes it from `marks`: values that stand for
    those which come with each call, and occur nowhere else in it. Rows come as the database gives them: JSON as text.
    The database plans it each time: of a plan that is kept for what goes through many rows, it is not known that they
    have become many.

        WAITING = Compiled(lambda now: Job.objects.filter(queued_at__lt=now).values_list("pk"), datetime.min)
        WAITING.all(clock.now())
    """

    def __init__(self, build: Callable[..., QuerySet[Any, Any]], *marks: Any) -> None:
        self._build = build
        self._marks = marks
        self._known: dict[str, tuple[str, list[tuple[int | None, Any]]]] = {}

    def all(self, *values: Any) -> list[Row]:
        sql, places = self._known.get(connection.vendor) or self._compiled()
        given = [_adapted(value) for value in values]
        with connection.cursor() as cursor:
            cursor.execute(sql, [fixed if place is None else given[place] for place, fixed in places])
            return list(cursor.fetchall())

    def _compiled(self) -> tuple[str, list[tuple[int | None, Any]]]:
        sql, params = self._build(*self._marks).query.get_compiler(connection.alias).as_sql()
        marks = [_adapted(mark) for mark in self._marks]
        found = [(marks.index(param) if param in marks else None, param) for param in params]
        if {place for place, _ in found} - {None} != set(range(len(marks))):
            raise ValueError("The query does not hold all of its marks.")
        self._known[connection.vendor] = sql, found
        return sql, found


def _adapted(value: Any) -> Any:
    return at(value) if isinstance(value, datetime) else value


def locks() -> bool:
    """Whether rows can be locked; SQLite has one writer at a time instead."""
    return bool(connection.features.has_select_for_no_key_update)


@contextmanager
def carried_out(sql: str, params: Sequence[Any]) -> Iterator[Any]:
    """A cursor on what this statement has found, which is written once and finds a few rows by their keys; prepared,
    where the session keeps that.
    """
    with connection.cursor() as cursor:
        execute_often(cursor, sql, params)
        yield cursor


def execute(sql: str, *params: Any) -> int:
    """One statement that writes; how many rows it touched. Times are adapted by whoever calls: see at()."""
    with carried_out(sql, params) as cursor:
        return int(cursor.rowcount)


def at(moment: Any) -> Any:
    """A point in time, as a parameter."""
    return connection.ops.adapt_datetimefield_value(moment)


@contextmanager
def together() -> Iterator[None]:
    """All or nothing: in the caller's transaction, who then takes all of it back, or in one of its own."""
    if connection.in_atomic_block:
        yield
    else:
        with transaction.atomic():
            yield


Convert = Callable[[Any], Any]


@cache
def _shape(model: type[Model], vendor: str) -> tuple[list[str], list[tuple[int, Convert]]]:  # noqa: ARG001 - the key
    """The fields' names, and by place what makes a value of the database one of Python's."""
    fields = model._meta.concrete_fields
    converted = [(place, convert) for place, field in enumerate(fields) if (convert := _converter(field))]
    return [field.attname for field in fields], converted


def _converter(field: Any) -> Convert | None:
    column = field.cached_col
    steps = [*connection.ops.get_db_converters(column), *column.get_db_converters(connection)]

    def convert(value: Any) -> Any:
        for step in steps:
            value = step(value, column, connection)
        return value

    return convert if steps else None


def _instance(model: type[Model], names: list[str], values: list[Any], converted: list[tuple[int, Convert]]) -> Any:
    if all(value is None for value in values):
        return None
    for place, convert in converted:
        values[place] = convert(values[place])
    return model.from_db(connection.alias, names, values)
