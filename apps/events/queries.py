"""Reads after a cursor: events by number, output by byte offset. Each call is one query."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Max, Value
from django.db.models.functions import Coalesce

from apps.events.models import Event, LogChunk
from apps.sql.execute import carried_out

EVENTS_AT_ONCE = 500
PIECE_BYTES = 256 * 1024
CHUNKS_AT_ONCE = 16
LAST = "SELECT last FROM events_sequence WHERE run_id = %s"


class EventRow(NamedTuple):
    """An event as every face shows it."""

    number: int
    at: datetime
    type: str
    job: int | None
    data: dict[str, Any]


def events_after(run_id: int, number: int, limit: int = EVENTS_AT_ONCE) -> list[EventRow]:
    """The run's next events after `number`, in order. Numbers become visible in order: nothing is skipped."""
    rows = Event.objects.filter(run_id=run_id, number__gt=number).order_by("number")
    return [EventRow(*row) for row in rows.values_list("number", "at", "type", "job_id", "data")[:limit]]


def last_number(run_id: int) -> int:
    """The number of the run's newest event; 0 if it has none."""
    with carried_out(LAST, [run_id]) as cursor:
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def log_end(job_id: int) -> int:
    """Where the job's stored chunks end, in bytes; 0 if there are none."""
    newest = LogChunk.objects.filter(job_id=job_id).order_by("-offset").values_list("offset", "size").first()
    return sum(newest) if newest else 0


def log_piece(job_id: int, start: int, limit_bytes: int = PIECE_BYTES) -> bytes:
    """Up to `limit_bytes` of the job's output from byte `start`; empty if no chunk holds that byte."""
    chunks = LogChunk.objects.filter(job_id=job_id)
    # The index finds the chunk that holds `start`; filtering by offset + size would read all those before it.
    first = chunks.filter(offset__lte=start).order_by().values("job_id").annotate(at=Max("offset")).values("at")
    rows = chunks.filter(offset__gte=Coalesce(first, Value(0))).order_by("offset")
    found = bytearray()
    for offset, data in rows.values_list("offset", "data")[:CHUNKS_AT_ONCE]:
        at = start + len(found) - offset
        if not 0 <= at < len(data):
            break
        found += memoryview(data)[at : at + limit_bytes - len(found)]
        if len(found) >= limit_bytes:
            break
    return bytes(found)


def log_bytes(job_id: int, start: int = 0) -> Iterator[bytes]:
    """All that the job's chunks hold from byte `start`."""
    while piece := log_piece(job_id, start):
        yield piece
        start += len(piece)
