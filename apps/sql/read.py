"""Read: rows of several models by one statement that is written once, for reads that every request of an agent makes.

    FOUND = Read("FROM runs_job j JOIN runs_run r ON r.id = j.run_id WHERE j.id = %s", j=Job, r=Run)
    (job, run) = FOUND.one(7)

Django compiles a query anew each time: 0.4 to 1 ms for a row, several times what the database needs. This names the
columns once; values pass through the same converters, and what comes are the models' own instances.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import Model

from apps.sql.execute import carried_out, locks

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
