"""Files in and out of a container, as tars through the engine. What goes in or comes out is checked in a stage: a
folder of this machine's, where the same code that serves the other kinds judges names, links, bounds and globs.

The engine resolves paths inside the container's own file system, so none can lead to a file of its machine. That none
leads out of the workspace is seen to here, one name at a time.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from workers.sandbox import descent
from workers.sandbox.chunks import as_file
from workers.sandbox.docker.arrivals import Arrivals
from workers.sandbox.docker.box import Box
from workers.sandbox.docker.engine import telling
from workers.sandbox.docker.scripts import KINDS_OF_PATHS
from workers.sandbox.port import WORKSPACE, SandboxError, UnsafePath
from workers.sandbox.tree import Names, Tree
from workers.sandbox.unpack import Bounds, unpack

_FOLDER, _LINK = 1 << 31, 1 << 27  # as Go writes the mode of a file
_NO_FILE = _FOLDER | _LINK | 1 << 26 | 1 << 25 | 1 << 24 | 1 << 19
_MOST_LINKS = 40
_PATHS_AT_ONCE = 200
_WILD = frozenset("*?[")


class Files:
    """The workspace of one container, from outside. One thread at a time."""

    def __init__(self, box: Box, stages: Path, bounds: Bounds) -> None:
        """`stages`: an empty folder of this machine's."""
        self._box, self._stages, self._bounds = box, stages, bounds
        self.untouched = True  # nothing but what was put there from here: no command has run yet
        self._folders: set[Names] = set()

    def read(self, path: str, limit_bytes: int) -> bytes:
        chunks, what = self._open(descent.split(path, WORKSPACE), path)
        with telling(f"{path} cannot be read"):
            try:
                if what["mode"] & _FOLDER:
                    raise IsADirectoryError(f"{path} is a folder.")
                if what["mode"] & _NO_FILE:
                    raise UnsafePath(f"{path!r} is not a plain file.")
                with tarfile.open(fileobj=as_file(chunks), mode="r|") as archive:
                    member = archive.next()
                    if member is None or not member.isreg():
                        raise UnsafePath(f"{path!r} became something else while it was read.")
                    content = archive.extractfile(member)
                    return content.read(limit_bytes) if content else b""
            finally:
                chunks.close()

    def _open(self, names: Names, shown: str) -> tuple[Any, dict[str, Any]]:
        """What is at the end of the path, links followed as long as they stay inside."""
        for _ in range(_MOST_LINKS):
            for count in range(1, len(names)):
                above = self._what(names[:count], shown)
                if above["mode"] & _LINK:
                    names = (*self._inside(above["linkTarget"], shown), *names[count:])
                    break
            else:
                found = self._box.archive(_path(names))
                if found is None:
                    raise FileNotFoundError(f"There is no {shown}.")
                if not found[1]["mode"] & _LINK:
                    return found
                found[0].close()
                names = self._inside(found[1]["linkTarget"], shown)
        raise UnsafePath(f"{shown!r} goes through too many links.")

    def _what(self, names: Names, shown: str) -> dict[str, Any]:
        found = self._box.archive(_path(names))
        if found is None:
            raise FileNotFoundError(f"There is no {shown}.")
        found[0].close()
        return found[1]

    def _inside(self, target: str, shown: str) -> Names:
        names = descent.names_of(target, WORKSPACE, f"{shown} → {target}")
        if ".." in names:
            raise UnsafePath(f"{shown!r} leads out of the workspace through a link.")
        return names

    def write(self, path: str, data: bytes, mode: int) -> None:
        names = descent.split(path, WORKSPACE)
        with self._stage() as stage:
            Tree(stage).write("/".join(names), data, mode)
            self._put(stage)

    def unpack(self, tar: BinaryIO) -> None:
        with self._stage() as stage:
            unpack(tar, _Stage(stage, self), self._bounds)
            self._put(stage)

    @contextlib.contextmanager
    def _stage(self) -> Iterator[Path]:
        stage = Path(tempfile.mkdtemp(dir=self._stages))
        try:
            yield stage
        finally:
            shutil.rmtree(stage, ignore_errors=True)

    def _put(self, stage: Path) -> None:
        """Everything in the stage, as the job's own. No folder on the way may be a link: the engine would follow it."""
        entries = _entries(stage)
        folders = [names for names in entries if _is_folder(stage, names)]
        there = self._folders_there(folders)
        with tempfile.TemporaryFile(dir=self._stages) as file:
            with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
                for names in entries:
                    if names not in there:
                        archive.add(stage.joinpath(*names), "/".join(names), recursive=False, filter=self._own)
            file.seek(0)
            with telling("Files cannot be put into the container"):
                self._box.client.put_archive(self._box.made.container, WORKSPACE, file)
        self._folders |= set(folders)

    def _own(self, member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.uid = member.gid = self._box.made.uid
        member.uname = member.gname = ""
        return member

    def _folders_there(self, folders: list[Names]) -> set[Names]:
        if self.untouched:
            return self._folders & set(folders)
        there: set[Names] = set()
        for start in range(0, len(folders), _PATHS_AT_ONCE):
            some = folders[start : start + _PATHS_AT_ONCE]
            code, said = self._box.script(KINDS_OF_PATHS, *map(_path, some))
            kinds = said.split()
            if code != 0 or len(kinds) != len(some):
                raise SandboxError("The workspace cannot be looked at.")
            for names, kind in zip(some, kinds, strict=True):
                if kind in ("link", "file"):
                    raise UnsafePath(f"{'/'.join(names)!r} is a link or a file; a folder is to be there.")
                there |= {names} if kind == "folder" else set()
        return there

    def export(self, globs: Iterable[str]) -> Arrivals:
        """All of it, whenever it changed: of a file's times, the engine tells only the one that a job may set."""
        patterns = list(globs)
        return Arrivals(
            patterns, self._bounds, self._stages, lambda arrivals: self._fetch(arrivals, patterns), self.fetch_one
        )

    def _fetch(self, arrivals: Arrivals, globs: list[str]) -> None:
        for start in sorted({_certain(descent.split(glob, WORKSPACE)) for glob in globs}):
            above = (start[:count] for count in range(1, len(start)))
            with contextlib.suppress(FileNotFoundError):
                if all(self._what(names, "")["mode"] & _FOLDER for names in above):
                    found = self._box.archive(_path(start))
                    if found is not None:
                        arrivals.take(found[0], start)

    def fetch_one(self, names: Names) -> bytes:
        """A plain file as a whole, within the bounds."""
        data = self.read("/".join(names), self._bounds.size_bytes + 1)
        if len(data) > self._bounds.size_bytes:
            raise SandboxError(f"{'/'.join(names)} is too large.", permanent=True)
        return data


class _Stage(Tree):
    """What is on its way in; a hard link may name what is in the workspace already."""

    def __init__(self, root: Path, files: Files) -> None:
        super().__init__(root)
        self._files = files

    def hard_link(self, names: Names, existing: Names) -> None:
        try:
            super().hard_link(names, existing)
        except FileNotFoundError:
            self.write("/".join(existing), self._files.fetch_one(existing), 0o644)
            super().hard_link(names, existing)


def _path(names: Names) -> str:
    return "/".join((WORKSPACE, *names))


def _entries(stage: Path) -> list[Names]:
    """Everything below, folders before what is in them. os.walk lists a link to a folder among the folders."""
    found: list[Names] = []
    for folder, below, files in os.walk(stage):
        way = Path(folder).relative_to(stage).parts
        found += [(*way, name) for name in itertools.chain(sorted(below), sorted(files))]
    return sorted(found, key=len)


def _is_folder(stage: Path, names: Names) -> bool:
    path = stage.joinpath(*names)
    return path.is_dir() and not path.is_symlink()


def _certain(names: Names) -> Names:
    """The part of a glob before its first wildcard: no more than that needs to be fetched."""
    return tuple(itertools.takewhile(lambda name: not _WILD & set(name), names))
