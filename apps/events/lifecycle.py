"""move(): the one way a status changes.

A status is a column `status` of a row whose model names its table of allowed moves (`MOVES`), its event type
(`EVENT`) and the run that the event belongs to (`event_run_id`). Nothing else in Hive assigns a status.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from django.db import connection, transaction
from django.db.models.options import Options

from apps.events.services import AND_RECORD, adapted, record, wake_on_commit
from apps.events.texts import storable
from apps.sql.execute import execute

Moves = Mapping[str, frozenset[str]]


class Movable(Protocol):
    """What move() needs to know about a row."""

    MOVES: ClassVar[Moves]
    EVENT: ClassVar[str]
    _meta: ClassVar[Options[Any]]
    pk: Any
    status: str

    @property
    def event_run_id(self) -> int: ...


@dataclass(frozen=True)
class Guard:
    """A further condition of the UPDATE, in SQL over the row's own table, with %s for its parameters."""

    sql: str
    params: tuple[Any, ...] = ()


class IllegalMove(Exception):
    """The table of moves does not allow this change of status."""


class MoveLost(Exception):
    """Somebody else changed the row first, or its guard no longer holds. Nothing was written."""


def can_move(row: Movable, to: str) -> bool:
    """Whether the table allows it. Faces ask this to know which buttons to show."""
    return to in row.MOVES[row.status]


def move(
    row: Movable,
    to: str,
    *,
    guard: Guard | None = None,
    reason: str = "",
    message: str = "",
    job_id: int | None = None,
    **fields: Any,
) -> None:
    """Change `row.status` to `to`, together with `fields`, and record the event, all or nothing.

    The race is decided by one UPDATE … WHERE status = <the status this row was read with> AND <guard>. Raises
    IllegalMove if the table forbids the change, MoveLost if the UPDATE touched no row; inside a transaction of the
    caller's, that transaction stays usable after either.
    """
    old = row.status
    if not can_move(row, to):
        raise IllegalMove(f"{row.EVENT} {row.pk} is {old}; it cannot become {to}.")
    said = {key: str(value) for key, value in (("reason", reason), ("message", message)) if value}
    values = storable({"status": str(to), **fields, **said})
    told = {"id": row.pk, "from": old, "to": str(to), **said}
    with transaction.atomic(savepoint=False):
        moved = _written(row, old, values, guard or Guard("TRUE"), told, job_id)
    if not moved:
        raise MoveLost(f"{row.EVENT} {row.pk} is no longer {old}, or no longer ours.")
    for name, value in values.items():
        setattr(row, name, value)


def _written(
    row: Movable, old: str, values: dict[str, Any], guard: Guard, told: dict[str, Any], job_id: int | None
) -> bool:
    """The conditional UPDATE and its event; in one statement where a statement that writes may stand within another.

    Plain SQL: this runs several times per job, and compiling a query costs more than it.
    """
    sql, params = _update(row, old, values, guard)
    in_one = connection.vendor == "postgresql"
    if in_one:
        sql = AND_RECORD.format(update=sql)
        params = [*params, row.event_run_id, *adapted(row.event_run_id, row.EVENT, told, job_id)]
    moved = execute(sql, *params) == 1
    if moved and in_one:
        wake_on_commit(row.event_run_id)
    elif moved:
        record(row.event_run_id, row.EVENT, told, job_id=job_id)
    return moved


def _update(row: Movable, old: str, values: dict[str, Any], guard: Guard) -> tuple[str, list[Any]]:
    fields: list[Any] = [row._meta.get_field(name) for name in values]
    settings = ", ".join(f'"{field.column}" = %s' for field in fields)
    ready = [field.get_db_prep_save(value, connection) for field, value in zip(fields, values.values(), strict=True)]
    # Every name in this statement is a table or column of ours; every value is a parameter.
    sql = f'UPDATE "{row._meta.db_table}" SET {settings} WHERE "id" = %s AND "status" = %s AND {guard.sql}'  # noqa: S608
    return sql, [*ready, row.pk, old, *guard.params]
