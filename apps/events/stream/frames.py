"""What goes over the wire of a text/event-stream."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from apps.events.queries import EVENTS_AT_ONCE, EventRow, events_after
from apps.events.stream.feed import Batch, Piece

BATCH_BYTES = 256 * 1024
BEGIN = b"retry: 1000\n\n"
ALIVE = b": still here\n\n"


def frame(position: int, event: str, data: dict[str, Any]) -> bytes:
    """One event; with an empty `event` it has the default type, `message`.

    JSON has no line breaks of its own; a type that is not one word would break out of its line.
    """
    kind = f"event: {event if event.isidentifier() else 'message'}\n" if event else ""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), default=_as_text)
    return f"id: {position}\n{kind}data: {text}\n\n".encode("utf-8", "replace")


def as_dict(row: EventRow) -> dict[str, Any]:
    """An event as JSON shows it: {number, at, type, job, data}."""
    return row._asdict()


def event_frames(run_id: int, number: int, has_ended: Callable[[], bool]) -> Batch:
    """The run's next events, ready to be sent. Blocking: two queries."""
    ended = has_ended()  # asked first: what was recorded until then is read now
    rows = events_after(run_id, number)
    pieces, size_bytes = [], 0
    for row in rows:
        data = frame(row.number, row.type, as_dict(row))
        pieces.append(Piece(row.number - 1, row.number, data))
        size_bytes += len(data)
        if size_bytes >= BATCH_BYTES:
            break
    more = len(pieces) < len(rows) or len(rows) == EVENTS_AT_ONCE
    return Batch(pieces, more=more, ended=ended and not more)


def _as_text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return str(value)
