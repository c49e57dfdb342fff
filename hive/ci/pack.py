"""A folder as a package: the same files give the same bytes, whoever packs them, wherever and whenever."""

from __future__ import annotations

import gzip
import hashlib
import os
import posixpath
import stat
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from hive.ci.ignore import Rule, is_ignored, rules_of

MOMENT = 315532800  # 1980-01-01, the first that a zip can hold: tools made from the package may want to write one
LEVEL = 6
PIECE_BYTES = 1024 * 1024


class CannotPack(Exception):
    """A file that cannot be part of a package; the text says which, and what to do."""


@dataclass(frozen=True)
class Packed:
    entries: int
    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class Found:
    """`path` is relative to the root, with slashes."""

    path: str
    place: Path


def files_of(root: Path) -> Iterator[Found]:
    """Every file and link below the folder that is not ignored, in the order of their names."""
    yield from _walk(root, "", [])


def _walk(folder: Path, base: str, above: list[Rule]) -> Iterator[Found]:
    rules = [*above, *rules_of(folder, base)]
    for entry in sorted(os.scandir(folder), key=lambda one: one.name):
        path = base + entry.name
        is_folder = entry.is_dir(follow_symlinks=False)
        if is_ignored(path, rules, is_folder=is_folder):
            continue
        if is_folder:
            yield from _walk(Path(entry.path), f"{path}/", rules)
        elif entry.is_symlink() or entry.is_file(follow_symlinks=False):
            yield Found(path, Path(entry.path))


def pack(root: Path, out: BinaryIO) -> Packed:
    """Write the folder's files to `out` as tar.gz. Raises CannotPack, OSError."""
    entries = 0
    with (
        gzip.GzipFile(filename="", mode="wb", compresslevel=LEVEL, fileobj=out, mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for found in files_of(root):
            _add(tar, found)
            entries += 1
    size_bytes = out.tell()
    out.seek(0)
    digest = hashlib.sha256()
    while piece := out.read(PIECE_BYTES):
        digest.update(piece)
    out.seek(0)
    return Packed(entries, size_bytes, digest.hexdigest())


def _add(tar: tarfile.TarFile, found: Found) -> None:
    member = tarfile.TarInfo(found.path)
    member.mtime = MOMENT
    if found.place.is_symlink():
        member.type, member.linkname, member.mode = tarfile.SYMTYPE, _target(found), 0o777
        tar.addfile(member)
        return
    with found.place.open("rb") as file:
        status = os.fstat(file.fileno())
        member.size = status.st_size
        member.mode = 0o755 if status.st_mode & stat.S_IXUSR else 0o644
        try:
            tar.addfile(member, file)
        except OSError as error:
            raise CannotPack(
                f"{found.path} changed while it was packed ({error}). Try again when nobody writes."
            ) from None


def _target(found: Found) -> str:
    target = str(found.place.readlink())
    end = posixpath.normpath(posixpath.join(posixpath.dirname(found.path), target))
    if target.startswith("/") or end.split("/")[0] == "..":
        raise CannotPack(
            f"{found.path} is a link that leads out of the package, to {target}. Name it in .hiveignore, or replace it."
        )
    return target
