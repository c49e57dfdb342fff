"""The bytes of all artifacts as one tar stream, out of any store and into any store: a backup of artifacts."""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import IO, cast

from apps.artifacts.models import Artifact
from apps.artifacts.store import ArtifactStore, NotStored
from hive.cli.failure import Failure
from hive.moving.objects import is_there, put_checked, wanted

PIECE_BYTES = 256 * 1024
_DIFFERS = "{}: the store has other bytes than its record tells of. The export ends here; see that artifact."


@dataclass(frozen=True)
class Exported:
    written: int
    missing: int  # the row is there, the bytes were not: retention, or somebody


@dataclass(frozen=True)
class Imported:
    stored: int
    there: int  # from an import before
    unknown: int  # no record has this key with these bytes


def export_artifacts(store: ArtifactStore, out: IO[bytes]) -> Exported:
    """Every artifact that a record has, by its key, in the order in which they were made. The same each time."""
    written = missing = 0
    with tarfile.open(fileobj=out, mode="w|", format=tarfile.PAX_FORMAT) as archive:
        for key, size, sha256 in wanted():
            try:
                pieces = store.get(key)
            except NotStored:
                missing += 1
                continue
            entry = tarfile.TarInfo(key)
            entry.size, entry.mode = size, 0o600
            source = _Pieces(pieces)
            _add(archive, entry, source)
            if not source.were(sha256):
                raise Failure(_DIFFERS.format(key), 1)
            written += 1
    return Exported(written, missing)


def import_artifacts(store: ArtifactStore, source: IO[bytes]) -> Imported:
    """What export_artifacts() wrote. Only what a record waits for, with its size and SHA-256. Can be done again."""
    stored = there = unknown = 0
    try:
        with tarfile.open(fileobj=source, mode="r|") as archive:
            for entry in archive:
                sha256 = _expected(entry)
                data = archive.extractfile(entry) if sha256 else None
                if data is None:
                    unknown += 1
                elif is_there(store, entry.name, entry.size):
                    there += 1
                else:
                    put_checked(store, iter(partial(data.read, PIECE_BYTES), b""), entry.name, entry.size, sha256)
                    stored += 1
    except tarfile.TarError as error:
        raise Failure(f"This is not what `hive data export-artifacts` writes, or it was cut off: {error}.") from None
    return Imported(stored, there, unknown)


def _add(archive: tarfile.TarFile, entry: tarfile.TarInfo, source: _Pieces) -> None:
    try:
        archive.addfile(entry, cast(IO[bytes], source))
    except BrokenPipeError:
        raise
    except OSError as error:
        if error.errno is None:  # tarfile's own: the source ended early
            raise Failure(_DIFFERS.format(entry.name), 1) from None
        raise


def _expected(entry: tarfile.TarInfo) -> str:
    """The SHA-256 that its record tells; empty where there is no such record."""
    if not entry.isreg():
        return ""
    known = Artifact.objects.filter(store_key=entry.name, size_bytes=entry.size)
    return known.values_list("sha256", flat=True).first() or ""


class _Pieces:
    """A store's pieces as tarfile reads them: so many bytes at a time. Fewer at the end, and it raises OSError."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces, self._rest = iter(pieces), b""
        self._digest = hashlib.sha256()

    def read(self, most: int) -> bytes:
        while len(self._rest) < most and (piece := next(self._pieces, b"")):
            self._rest += piece
        data, self._rest = self._rest[:most], self._rest[most:]
        self._digest.update(data)
        return data

    def were(self, sha256: str) -> bool:
        """Whether these were all, and the right ones."""
        return self._digest.hexdigest() == sha256 and not self.read(1)
