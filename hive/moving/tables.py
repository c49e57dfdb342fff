"""One table at a time: its rows as values that are the same on both databases, their count and their checksum."""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.apps import apps
from django.db import models

from apps.events.texts import storable

BATCH_ROWS = 500  # of log chunks with 64 KiB each: 32 MB


@dataclass(frozen=True)
class Sum:
    """What a table holds, in two numbers."""

    rows: int
    sha256: str


class Sums:
    """Counts and sums up the rows that go by, in the order of their keys."""

    def __init__(self) -> None:
        self.rows = 0
        self._digest = hashlib.sha256()

    def add(self, row: Sequence[Any]) -> None:
        self.rows += 1
        self._digest.update(json.dumps([_plain(value) for value in row], sort_keys=True).encode())
        self._digest.update(b"\n")

    @property
    def sum(self) -> Sum:
        return Sum(self.rows, self._digest.hexdigest())


def all_models() -> list[type[models.Model]]:
    """Every table that Django keeps records in; who applied which migration is each database's own."""
    found = apps.get_models(include_auto_created=True)
    return sorted((model for model in found if model._meta.managed), key=lambda model: model._meta.db_table)


def columns(model: type[models.Model]) -> list[models.Field[Any, Any]]:
    return list(model._meta.local_concrete_fields)


def rows(model: type[models.Model], database: str) -> Iterator[tuple[Any, ...]]:
    """By key, a batch in memory at a time; texts as every database keeps them."""
    names = [field.attname for field in columns(model)]
    found = model._base_manager.using(database).order_by("pk").values_list(*names)
    for row in found.iterator(BATCH_ROWS):
        yield tuple(storable(value) for value in row)


def sum_of(model: type[models.Model], database: str) -> Sum:
    sums = Sums()
    for row in rows(model, database):
        sums.add(row)
    return sums.sum


def _plain(value: Any) -> Any:
    """The same for the same value, whichever database it was read from: PostgreSQL's JSON knows 1e2 as 100."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.UTC).isoformat()
    if isinstance(value, memoryview | bytes):
        return hashlib.sha256(value).hexdigest()
    if isinstance(value, Decimal):
        return str(value.normalize())
    return value if isinstance(value, str | int | float | None) else str(value)
