"""A job's files, read and written by Hive without ever leaving their root, whatever the job does to it meanwhile."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from workers.sandbox import descent
from workers.sandbox.identity import User
from workers.sandbox.port import WORKSPACE, UnsafePath

Names = tuple[str, ...]
"""A path's parts below the root: checked, none of them `..`."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FRESH = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True)
class Place:
    """A name in an open folder."""

    folder: int
    name: str


class Tree:
    """Files below one root, by paths as jobs write them: relative, or absolute below `known_as`."""

    def __init__(self, root: Path, owner: User | None = None, known_as: str = WORKSPACE) -> None:
        """`owner` gets what is made here; None: whoever runs this."""
        self.root = root
        self._owner = owner
        self._known_as = known_as

    def names(self, path: str) -> Names:
        """Raises UnsafePath for `..`, NUL, and what lies elsewhere."""
        return descent.split(path, self._known_as)

    def open_root(self) -> int:
        return os.open(self.root, _FOLDER)

    @contextlib.contextmanager
    def find(self, names: Names) -> Iterator[int]:
        """An O_PATH descriptor of what is there; links are followed as long as they stay inside (else UnsafePath)."""
        with descent.Descent(self.open_root(), self._known_as) as way:
            way.go(names, "/".join(names))
            yield way.here

    def read(self, path: str, limit_bytes: int) -> bytes:
        """At most `limit_bytes` of a plain file. FileNotFoundError, IsADirectoryError, UnsafePath."""
        with self.find(self.names(path)) as found:
            status = os.fstat(found)
            if stat.S_ISDIR(status.st_mode):
                raise IsADirectoryError(f"{path} is a folder.")
            if not stat.S_ISREG(status.st_mode):
                raise UnsafePath(f"{path!r} is not a plain file.")
            with reopen(found) as file:
                return file.read(limit_bytes)

    def write(self, path: str, data: bytes, mode: int) -> None:
        names = self.names(path)
        if not names:
            raise UnsafePath(f"{path!r} names the workspace itself, not a file.")
        with self.create(names, mode) as file, open(file, "wb", closefd=False) as writer:
            writer.write(data)

    @contextlib.contextmanager
    def create(self, names: Names, mode: int) -> Iterator[int]:
        """A descriptor to write a new file through; the file takes its place when the block ends well."""
        with self.at(names) as place:
            fresh = f".{os.urandom(8).hex()}.new"
            file = os.open(fresh, _FRESH, 0o600, dir_fd=place.folder)
            try:
                yield file
                if self._owner:
                    os.fchown(file, self._owner.uid, self._owner.gid)
                os.fchmod(file, mode & 0o777)  # never set-user-id
                os.rename(fresh, place.name, src_dir_fd=place.folder, dst_dir_fd=place.folder)
            except BaseException:
                with contextlib.suppress(OSError):
                    os.unlink(fresh, dir_fd=place.folder)
                raise
            finally:
                os.close(file)

    @contextlib.contextmanager
    def at(self, names: Names) -> Iterator[Place]:
        """Where to make `names[-1]`; the folders above it are made, and none of them may be a link."""
        folder = self.open_root()
        try:
            for name in names[:-1]:
                below = self._enter(folder, name, "/".join(names))
                os.close(folder)
                folder = below
            yield Place(folder, names[-1])
        finally:
            os.close(folder)

    def _enter(self, folder: int, name: str, path: str) -> int:
        try:
            with contextlib.suppress(FileNotFoundError):
                return os.open(name, _FOLDER, dir_fd=folder)
            with contextlib.suppress(FileExistsError):
                os.mkdir(name, 0o755, dir_fd=folder)
                self._give(folder, name)
            return os.open(name, _FOLDER, dir_fd=folder)
        except NotADirectoryError:
            raise UnsafePath(f"{path!r} goes through {name!r}, which is a link or a file.") from None

    def make_folder(self, names: Names) -> None:
        with self.at((*names, "the name of nothing")):
            pass

    def link(self, names: Names, target: str) -> None:
        """A symbolic link. Whether it leads outside is for the caller to ask `find`, when all is in place."""
        with self.at(names) as place:
            self._clear(place)
            os.symlink(target, place.name, dir_fd=place.folder)
            self._give(place.folder, place.name)

    def hard_link(self, names: Names, existing: Names) -> None:
        """A second name for a plain file of the tree; no part of either path may be a link."""
        with self.at(existing) as old, self.at(names) as place:
            if not stat.S_ISREG(os.stat(old.name, dir_fd=old.folder, follow_symlinks=False).st_mode):
                raise UnsafePath(f"{'/'.join(names)!r} is a second name of something that is not a plain file.")
            self._clear(place)
            os.link(old.name, place.name, src_dir_fd=old.folder, dst_dir_fd=place.folder, follow_symlinks=False)

    def remove(self, names: Names) -> None:
        """Take a file or a link away, if it is there."""
        with self.at(names) as place:
            self._clear(place)

    @staticmethod
    def _clear(place: Place) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(place.name, dir_fd=place.folder)

    def _give(self, folder: int, name: str) -> None:
        if self._owner:
            os.chown(name, self._owner.uid, self._owner.gid, dir_fd=folder, follow_symlinks=False)


def reopen(found: int) -> BinaryIO:
    """What an O_PATH descriptor of a plain file stands for, opened for reading: the very same file."""
    return open(f"/proc/self/fd/{found}", "rb")  # noqa: PTH123 - /proc keeps the file, not its path
