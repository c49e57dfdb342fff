"""move(): the one way a status changes.

A status is a column `status` of a row whose model names its table of allowed moves (`MOVES`), its event type
(`EVENT`) and the run that the event belongs to (`event_run_id`). Nothing else in Hive assigns a status.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from django.db import models, transaction
from django.db.models import Q
from django.db.models.expressions import Combinable

from apps.events.services import record

Moves = Mapping[str, frozenset[str]]


class Movable(Protocol):
    """What move() needs to know about a row."""

    MOVES: Moves
    EVENT: str
    pk: Any
    status: str

    @property
    def event_run_id(self) -> int: ...


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
    guard: tuple[Q | Combinable, ...] = (),
    reason: str = "",
    message: str = "",
    job_id: int | None = None,
    **fields: Any,
) -> None:
    """Change `row.status` to `to`, together with `fields`, and record the event, all or nothing.

    The race is decided by one UPDATE … WHERE status = <the status this row was read with> AND <guard>. Raises
    IllegalMove if the table forbids the change, MoveLost if the UPDATE touched no row.
    """
    old = row.status
    if not can_move(row, to):
        raise IllegalMove(f"{row.EVENT} {row.pk} is {old}; it cannot become {to}.")
    values = {"status": to, **fields}
    if reason:
        values |= {"reason": reason, "message": message}
    with transaction.atomic():
        manager: models.Manager[Any] = type(row)._default_manager  # type: ignore[attr-defined]
        if not manager.filter(pk=row.pk, status=old).filter(*guard).update(**values):
            raise MoveLost(f"{row.EVENT} {row.pk} is no longer {old}, or no longer ours.")
        data = {"id": row.pk, "from": old, "to": str(to)}
        if reason:
            data |= {"reason": str(reason), "message": message}
        record(row.event_run_id, row.EVENT, data, job_id=job_id)
    for name, value in values.items():
        setattr(row, name, value)
