"""insert(): a new row by a statement that is written once per model."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, TypeVar

from django.db import connection
from django.db.models import Model

from apps.sql.execute import carried_out

M = TypeVar("M", bound=Model)


def insert(row: M) -> M:
    """Write a new row, as `row.save()` does for one of a model without parents, signals and columns of its database's
    making, for which Django makes the SQL anew each time.
    """
    sql, fields = _inserting(type(row))
    values = [field.get_db_prep_save(field.pre_save(row, True), connection) for field in fields]
    with carried_out(sql, values) as cursor:
        row.pk = cursor.fetchone()[0]
    row._state.adding, row._state.db = False, connection.alias
    return row


@cache
def _inserting(model: type[Model]) -> tuple[str, Sequence[Any]]:
    fields = [field for field in model._meta.local_concrete_fields if not field.primary_key]
    columns = ", ".join(f'"{field.column}"' for field in fields)
    places = ", ".join("%s" for _ in fields)
    # Every name in this statement is a table or column of ours; every value is a parameter.
    return f'INSERT INTO "{model._meta.db_table}" ({columns}) VALUES ({places}) RETURNING "id"', fields  # noqa: S608
