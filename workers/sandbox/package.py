"""A package: the files that somebody's job begins with, as a zip or a tar, of which nothing is believed.

It is copied to a file of Hive's own, looked through as a whole, and only then unpacked: a package that is refused has
put nothing into the workspace. Beyond what unpack() refuses, so are names that another system would read differently.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from workers.sandbox.port import SandboxError, UnsafePath
from workers.sandbox.tree import Names, Tree
from workers.sandbox.unpack import Bounds, unpack
from workers.sandbox.zipped import MAGIC as ZIP
from workers.sandbox.zipped import as_tar

PIECE_BYTES = 1024 * 1024
COMPRESSED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00")
TAR_MARK = slice(257, 262)
DRIVE = re.compile(r"[A-Za-z]:")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class BadPackage(SandboxError):
    """The package cannot be unpacked, and never will: its sender has to make another."""

    def __init__(self, why: str) -> None:
        super().__init__(f"The package was refused: {why}", permanent=True)


@contextlib.contextmanager
def looked_through(source: BinaryIO, bounds: Bounds | None = None, folder: Path | None = None) -> Iterator[BinaryIO]:
    """The package as a tar that may be unpacked. Raises BadPackage; `folder` is where its copy lies meanwhile."""
    with tempfile.TemporaryFile(dir=folder) as held:
        shutil.copyfileobj(source, held, PIECE_BYTES)
        try:
            with _as_tar(cast(BinaryIO, held), bounds or Bounds()) as tar:
                unpack(tar, _Listing(), bounds)
        except SandboxError as error:
            raise BadPackage(str(error)) from error
        with _as_tar(cast(BinaryIO, held), bounds or Bounds()) as tar:
            yield tar


@contextlib.contextmanager
def _as_tar(file: BinaryIO, bounds: Bounds) -> Iterator[BinaryIO]:
    file.seek(0)
    begin = file.read(512)
    file.seek(0)
    if begin.startswith(ZIP):
        with as_tar(file, bounds) as tar:
            yield tar
    elif begin.startswith(COMPRESSED) or begin[TAR_MARK] == b"ustar":
        yield file
    else:
        raise SandboxError(f"it is neither a zip nor a tar: it begins with {begin[:8]!r}.", permanent=True)


@contextlib.contextmanager
def nowhere() -> Iterator[int]:
    """A file for what is not kept."""
    file = os.open(os.devnull, os.O_WRONLY)
    try:
        yield file
    finally:
        os.close(file)


class _Listing(Tree):
    """Takes every entry and keeps its name alone: an archive goes through all of unpack()'s checks, to nowhere."""

    def __init__(self) -> None:
        super().__init__(Path(os.devnull))
        self._spelled: dict[str, str] = {}
        self._files: set[str] = set()

    def names(self, path: str) -> Names:
        if "\\" in path or DRIVE.match(path):
            raise UnsafePath(f"{path!r} is a path of Windows. Use `/` between names, below the package's own root.")
        if CONTROL.search(path):
            raise UnsafePath(f"{path!r} has a control character in its name.")
        return super().names(path)

    def make_folder(self, names: Names) -> None:
        self._take(names)

    @contextlib.contextmanager
    def create(self, names: Names, mode: int) -> Iterator[int]:
        self._take_file(names)
        with nowhere() as file:
            yield file

    def link(self, names: Names, target: str) -> None:
        self._take_file(names)

    def hard_link(self, names: Names, target: Names) -> None:
        self._take_file(names)
        if "/".join(target) not in self._files:
            raise UnsafePath(f"{'/'.join(names)!r} is a second name of {'/'.join(target)!r}, which is not there.")

    @contextlib.contextmanager
    def find(self, names: Names) -> Iterator[int]:
        """Where links lead is looked at when they are in place."""
        yield -1

    def _take_file(self, names: Names) -> None:
        path = "/".join(names)
        if path in self._files:
            raise UnsafePath(f"{path!r} comes twice.")
        self._take(names)
        self._files.add(path)

    def _take(self, names: Names) -> None:
        """Every part of the way, so that `A/x` and `a/y` are found too."""
        for end in range(1, len(names) + 1):
            path = "/".join(names[:end])
            other = self._spelled.setdefault(unicodedata.normalize("NFC", path).casefold(), path)
            if other != path:
                raise UnsafePath(f"{path!r} and {other!r} are the same name where case does not count. Rename one.")
