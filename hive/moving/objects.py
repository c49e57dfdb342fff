"""The bytes of artifacts, from one store to another; what arrived before is not sent again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from apps.artifacts.models import Artifact
from apps.artifacts.store import ArtifactStore, NotStored, Source
from hive.cli.failure import Failure


@dataclass(frozen=True)
class Moved:
    sent: int
    there: int  # from a move before
    missing: int  # the row is there, the bytes were not: retention, or somebody


def move_objects(old: ArtifactStore, new: ArtifactStore) -> Moved:
    """Every artifact's bytes, compared by size and SHA-256 with what the record says. Can be done again at any time."""
    sent = there = missing = 0
    for key, size, sha256 in wanted():
        try:
            pieces = old.get(key)
        except NotStored:
            missing += 1
            continue
        if is_there(new, key, size):
            there += 1
            continue
        put_checked(new, pieces, key, size, sha256)
        sent += 1
    return Moved(sent, there, missing)


def put_checked(store: ArtifactStore, pieces: Source, key: str, size: int, sha256: str) -> None:
    """Store them only if they are the bytes that the record tells of."""
    stored = store.put(pieces, key)
    if (stored.size_bytes, stored.sha256) != (size, sha256):
        store.delete(key)
        raise Failure(f"{key}: its bytes are not those that were kept (SHA-256 differs). It was left out.", 1)


def wanted() -> Iterator[tuple[str, int, str]]:
    """(key, size in bytes, SHA-256) of each artifact that a record has, oldest first."""
    found = Artifact.objects.order_by("pk").values_list("store_key", "size_bytes", "sha256")
    yield from found.iterator(1000)


def is_there(store: ArtifactStore, key: str, size: int) -> bool:
    """Whether the store has it. A key is written as a whole or not at all, and only under this key these bytes."""
    try:
        return store.info(key).size_bytes == size
    except NotStored:
        return False
