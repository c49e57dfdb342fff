"""Append events. Rows first; the wake-up afterwards only tells readers to look."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from apps.events import clock, wake
from apps.events.texts import storable
from apps.sql.execute import carried_out, execute

DATA_LIMIT_BYTES = 16 * 1024

TAKE_NUMBER = (
    "INSERT INTO events_sequence (run_id, last) VALUES (%s, 1)"
    " ON CONFLICT (run_id) DO UPDATE SET last = events_sequence.last + 1 RETURNING last"
)
TAKE_NUMBERS = (
    "INSERT INTO events_sequence (run_id, last) VALUES (%s, %s)"
    " ON CONFLICT (run_id) DO UPDATE SET last = events_sequence.last + %s RETURNING last"
)
APPEND = "INSERT INTO events_event (run_id, number, at, type, job_id, data) VALUES (%s, %s, %s, %s, %s, %s)"
# Both at once, where a statement that writes may stand within another.
RECORD = (
    "WITH taken AS (INSERT INTO events_sequence (run_id, last) VALUES (%s, 1)"
    " ON CONFLICT (run_id) DO UPDATE SET last = events_sequence.last + 1 RETURNING last)"
    " INSERT INTO events_event (run_id, number, at, type, job_id, data)"
    " SELECT %s, last, %s, %s, %s, %s FROM taken RETURNING number"
)
# The same for an UPDATE that may touch no row: then there is no number and no event.
AND_RECORD = (
    "WITH moved AS ({update} RETURNING 1), taken AS (INSERT INTO events_sequence (run_id, last) SELECT %s, 1 FROM moved"
    " ON CONFLICT (run_id) DO UPDATE SET last = events_sequence.last + 1 RETURNING last)"
    " INSERT INTO events_event (run_id, number, at, type, job_id, data)"
    " SELECT %s, last, %s, %s, %s, %s FROM taken"
)


def record(run_id: int, type: str, data: dict[str, Any], *, job_id: int | None = None) -> int:
    """Append one event to the run and return its number. Data beyond 16 KiB is cut, and says so.

    Taking the number locks the run's Sequence row until the transaction ends, so numbers become visible in order.
    """
    row = adapted(run_id, type, data, job_id)
    with transaction.atomic(savepoint=False):
        if connection.vendor == "postgresql":
            with carried_out(RECORD, [run_id, *row]) as cursor:
                number = int(cursor.fetchone()[0])
        else:
            with carried_out(TAKE_NUMBER, [run_id]) as cursor:
                number = int(cursor.fetchone()[0])
            execute(APPEND, row[0], number, *row[1:])
        wake_on_commit(run_id)
    return number


def record_all(run_id: int, told: Sequence[tuple[str, dict[str, Any]]]) -> int:
    """Append several events to the run, as (type, data), in this order; the number of the last one."""
    at, count = connection.ops.adapt_datetimefield_value(clock.now()), len(told)
    with transaction.atomic(savepoint=False):
        with carried_out(TAKE_NUMBERS, [run_id, count, count]) as cursor:
            last = int(cursor.fetchone()[0])
        rows = [
            (run_id, last - count + place, at, str(type), None, as_json(data))
            for place, (type, data) in enumerate(told, 1)
        ]
        with connection.cursor() as cursor:  # of so many rows as there are: not one statement
            cursor.execute(
                APPEND + ", (%s, %s, %s, %s, %s, %s)" * (count - 1), [value for row in rows for value in row]
            )
        wake_on_commit(run_id)
    return last


def adapted(run_id: int, type: str, data: dict[str, Any], job_id: int | None) -> list[Any]:
    """The event's columns as parameters, without its number."""
    return [run_id, connection.ops.adapt_datetimefield_value(clock.now()), str(type), job_id, as_json(data)]


@dataclass(frozen=True)
class _Wake:
    run_id: int

    def __call__(self) -> None:
        wake.run(self.run_id)


def wake_on_commit(run_id: int) -> None:
    """Once per transaction, however many events it records. What a savepoint takes back takes its wake-up along."""
    call = _Wake(run_id)
    if not any(waiting == call for _, waiting, *_ in connection.run_on_commit):
        transaction.on_commit(call)


def as_json(data: dict[str, Any]) -> str:
    """The data as text, its longest values cut until it fits; an event is a line to read, not a store."""
    data = storable(data)
    text = json.dumps(data, default=str)
    if len(text) <= DATA_LIMIT_BYTES:
        return text
    share = DATA_LIMIT_BYTES // max(2 * len(data), 1)
    return json.dumps({key: _cut(value, share) for key, value in data.items()}, default=str)


def _cut(value: Any, limit: int) -> Any:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return value if len(text) <= limit else f"{text[:limit]} … [{len(text) - limit} characters cut]"
