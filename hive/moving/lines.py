"""Rows as the text that PostgreSQL's COPY reads."""

from __future__ import annotations

import datetime
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.db import models

ESCAPED = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"})


def line(fields: Sequence[models.Field[Any, Any]], row: Sequence[Any]) -> str:
    return "\t".join(_cell(field, value) for field, value in zip(fields, row, strict=True)) + "\n"


def _cell(field: models.Field[Any, Any], value: Any) -> str:
    if isinstance(field, models.JSONField):
        # None is NULL in these columns, as Django writes it; JSON's own null is none of Hive's values.
        return "\\N" if value is None else json.dumps(value).translate(ESCAPED)
    if value is None:
        return "\\N"
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, datetime.datetime | datetime.date):
        return value.isoformat()
    if isinstance(value, memoryview | bytes):
        return "\\\\x" + bytes(value).hex()
    return str(value).translate(ESCAPED)


class Reader(io.TextIOBase):
    """A file whose lines are made as they are read."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines: Iterator[str] = iter(lines)
        self._rest = ""

    def read(self, size: int | None = -1) -> str:
        wanted = size if size is not None and size >= 0 else None
        parts, length = [self._rest], len(self._rest)
        while wanted is None or length < wanted:
            more = next(self._lines, "")
            if not more:
                break
            parts.append(more)
            length += len(more)
        whole = "".join(parts)
        self._rest = "" if wanted is None else whole[wanted:]
        return whole if wanted is None else whole[:wanted]
