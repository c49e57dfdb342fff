"""Append events. Rows first; the wake-up afterwards only tells readers to look."""

from __future__ import annotations

import json
from typing import Any

from django.db import connection, transaction

from apps.events import wake
from apps.events.models import Event

DATA_LIMIT_BYTES = 16 * 1024


def record(run_id: int, type: str, data: dict[str, Any], *, job_id: int | None = None) -> int:
    """Append one event to the run and return its number. Data beyond 16 KiB is cut, and says so."""
    with transaction.atomic():
        number = take_number(run_id)
        Event.objects.create(run_id=run_id, number=number, type=type, job_id=job_id, data=bounded(data))
        transaction.on_commit(lambda: wake.run(run_id))
    return number


def take_number(run_id: int) -> int:
    """The run's next event number. Holds the run's Sequence row until the transaction ends: see Sequence."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO events_sequence (run_id, last) VALUES (%s, 1)"
            " ON CONFLICT (run_id) DO UPDATE SET last = events_sequence.last + 1 RETURNING last",
            [run_id],
        )
        return int(cursor.fetchone()[0])


def bounded(data: dict[str, Any]) -> dict[str, Any]:
    """The same data with its longest texts cut until it fits; an event is a line to read, not a store."""
    if len(json.dumps(data, default=str)) <= DATA_LIMIT_BYTES:
        return data
    share = DATA_LIMIT_BYTES // max(2 * len(data), 1)
    return {key: _cut(value, share) for key, value in data.items()}


def _cut(value: Any, limit: int) -> Any:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return value if len(text) <= limit else f"{text[:limit]} … [{len(text) - limit} characters cut]"
