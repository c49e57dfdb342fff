"""A large file of an agent comes in parts: a line that breaks costs one of them, and the rest is sent after it.

announce ──▶ links to the parts that are missing ──▶ announce again, until none is ──▶ finish_uploads: join
"""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings

from apps.artifacts.store import Link, NotStored, store
from apps.fleet.limits import PART_BYTES
from apps.fleet.models import Upload


@dataclass(frozen=True)
class Part:
    """Bytes of a file from `first` on, and where they go."""

    number: int
    first: int
    size_bytes: int
    link: Link


def is_large(row: Upload) -> bool:
    return row.size_bytes > PART_BYTES


def missing(row: Upload, most: int) -> list[Part]:
    """The first so many parts that have not arrived; none where all have. Raises StoreError."""
    opened = store()
    try:
        arrived = opened.parts.arrived(row.store_key, _begun(row))
    except NotStored:
        if opened.exists(row.store_key):
            return []  # joined, and the answer did not get through
        forget(row)  # it took so long that the store's tidying has been there
        arrived = opened.parts.arrived(row.store_key, _begun(row))
    wanted = [(number, size) for number, size in _sizes(row).items() if arrived.get(number) != size]
    return [_part(row, number, size) for number, size in wanted[:most]]


def join(row: Upload) -> None:
    """Done twice, or before everything has arrived, it changes nothing: the look at the bytes says what is wrong."""
    try:
        if row.parts and store().parts.arrived(row.store_key, row.parts) == _sizes(row):
            store().parts.join(row.store_key, row.parts)
    except NotStored:
        return


def forget(row: Upload) -> None:
    """The next announcement begins from nothing. Parts that are left behind are the store's to tidy away."""
    Upload.objects.filter(pk=row.pk, parts=row.parts).update(parts="")
    row.refresh_from_db(fields=["parts"])


def _begun(row: Upload) -> str:
    if not row.parts:
        Upload.objects.filter(pk=row.pk, parts="").update(parts=store().parts.begin(row.store_key))
        row.refresh_from_db(fields=["parts"])  # of two calls at once the first one's stands
    return row.parts


def _sizes(row: Upload) -> dict[int, int]:
    """Of each part, by its number."""
    starts = range(0, row.size_bytes, PART_BYTES)
    return {number: min(PART_BYTES, row.size_bytes - first) for number, first in enumerate(starts, start=1)}


def _part(row: Upload, number: int, size_bytes: int) -> Part:
    link = store().parts.link(row.store_key, row.parts, number, settings.AGENT_LINK_S, size_bytes=size_bytes)
    return Part(number, (number - 1) * PART_BYTES, size_bytes, link)
