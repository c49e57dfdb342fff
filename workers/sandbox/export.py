"""A job's files on their way out, as a tar: never more than what lies inside, whatever the job does meanwhile."""

from __future__ import annotations

import contextlib
import errno
import fnmatch
import io
import os
import posixpath
import stat
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from workers.sandbox.port import SandboxError, UnsafePath
from workers.sandbox.tree import Names, Tree
from workers.sandbox.unpack import Bounds, TooMuch

_CHUNK_BYTES = 256 * 1024
_BLOCK = tarfile.BLOCKSIZE
_DEEPEST = 100
CLOCK_NS = 20_000_000  # a file's times come from a clock that moves in steps of up to 10 ms
# An entry is gone, or has become something else, since it was listed.
_CHANGED = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EINVAL)
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

States = frozenset[tuple[int, int]]
"""Where in which pattern a walk stands: (number of the pattern, parts of it that are matched)."""


class Patterns:
    """Globs, matched one name at a time, so that a walk does not enter folders in which nothing can match."""

    def __init__(self, globs: Iterable[Names]) -> None:
        self._globs = list(globs)
        self.start = self._rest(frozenset((number, 0) for number in range(len(self._globs))))

    def step(self, states: States, name: str) -> States:
        after = set()
        for number, position in states:
            glob = self._globs[number]
            if position < len(glob):
                if glob[position] == "**":
                    after.add((number, position))
                elif fnmatch.fnmatchcase(name, glob[position]):
                    after.add((number, position + 1))
        return self._rest(frozenset(after))

    def _rest(self, states: States) -> States:
        """With what `**` allows besides: that it stands for no folder at all."""
        reached = set(states)
        for number, position in states:
            glob = self._globs[number]
            while position < len(glob) and glob[position] == "**":
                position += 1
                reached.add((number, position))
        return frozenset(reached)

    def complete(self, states: States) -> bool:
        """Whether what was walked so far matches: a folder then comes with all that is in it."""
        return any(position == len(self._globs[number]) for number, position in states)


@dataclass
class _Level:
    """One open folder on the way down."""

    folder: int
    names: list[str]
    path: Names
    states: States
    whole: bool  # everything in here was asked for


class Export:
    """The tar, made while it is read. Afterwards: what was left out, and how much there was."""

    def __init__(self, tree: Tree, globs: Iterable[str], bounds: Bounds, since_ns: int = 0) -> None:
        self._tree = tree
        self._since_ns = since_ns - CLOCK_NS
        self._patterns = Patterns([tree.names(glob) for glob in globs])
        self._bounds = bounds
        self.refused: list[str] = []
        self.names: dict[str, str] = {}
        self.entries = 0
        self.size_bytes = 0

    def __iter__(self) -> Iterator[bytes]:
        """Raises TooMuch beyond the bounds, SandboxError when a file shrinks while it is read."""
        start = self._patterns.start
        way: list[_Level] = []
        try:
            self._enter(way, self._tree.open_root(), (), start, self._patterns.complete(start))
            while way:
                level = way[-1]
                if level.names:
                    yield from self._take(way, level, level.names.pop())
                else:
                    os.close(way.pop().folder)
        finally:
            for level in way:
                os.close(level.folder)
        yield bytes(2 * _BLOCK)

    def _enter(self, way: list[_Level], folder: int, path: Names, states: States, whole: bool) -> None:
        if len(way) >= _DEEPEST:
            os.close(folder)
            self._refuse(path, "nested too deeply")
            return
        way.append(_Level(folder, sorted(os.listdir(folder), reverse=True), path, states, whole))

    def _take(self, way: list[_Level], level: _Level, name: str) -> Iterator[bytes]:
        states = self._patterns.step(level.states, name)
        wanted = level.whole or self._patterns.complete(states)
        path = (*level.path, name)
        if not wanted and not states:
            return
        with self._leaving_out(path):
            status = os.stat(name, dir_fd=level.folder, follow_symlinks=False)
            mode = status.st_mode
            if stat.S_ISDIR(mode):
                self._enter(way, os.open(name, _FOLDER, dir_fd=level.folder), path, states, wanted)
                if wanted:
                    self.names["/".join(path)] = "folder"
                    yield self._header(path, tarfile.DIRTYPE, mode)
            elif wanted and stat.S_ISLNK(mode):
                yield self._link(level, path, name)
                self.names["/".join(path)] = "link"
            elif wanted and stat.S_ISREG(mode):
                self.names["/".join(path)] = "file"
                if status.st_ctime_ns >= self._since_ns:  # unlike the others, this one a job cannot set back
                    yield from self._file(level, path, name)
            elif wanted:
                self._refuse(path, "neither a file nor a folder")

    @contextlib.contextmanager
    def _leaving_out(self, path: Names) -> Iterator[None]:
        """What goes wrong before an entry's header is out concerns this entry alone."""
        try:
            yield
        except UnsafePath as error:
            self._refuse(path, str(error))
        except PermissionError:
            self._refuse(path, "its owner may not read it")
        except OSError as error:
            if error.errno not in _CHANGED:
                raise SandboxError(f"{'/'.join(path)} cannot be read: {error.strerror}.") from error

    def _link(self, level: _Level, path: Names, name: str) -> bytes:
        target = os.readlink(name, dir_fd=level.folder)
        end = posixpath.normpath(posixpath.join("/".join(level.path), target))
        if target.startswith("/") or end.split("/")[0] == "..":
            raise UnsafePath(f"a link that leads outside, to {target}")
        try:
            with self._tree.find(path):
                pass
        except (FileNotFoundError, NotADirectoryError):
            pass  # leads to nothing
        return self._header(path, tarfile.SYMTYPE, 0o777, target=target)

    def _file(self, level: _Level, path: Names, name: str) -> Iterator[bytes]:
        with io.FileIO(os.open(name, _FILE, dir_fd=level.folder), "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise UnsafePath("neither a file nor a folder")
            yield self._header(path, tarfile.REGTYPE, status.st_mode, size=status.st_size, mtime=int(status.st_mtime))
            yield from _content(file, status.st_size, path)
            yield bytes(-status.st_size % _BLOCK)

    def _header(self, path: Names, sort: bytes, mode: int, *, size: int = 0, mtime: int = 0, target: str = "") -> bytes:
        self.entries += 1
        self.size_bytes += size
        if self.entries > self._bounds.entries or self.size_bytes > self._bounds.size_bytes:
            raise TooMuch(
                f"More than {self._bounds.entries} entries or {self._bounds.size_bytes} bytes were asked for;"
                f" stopped at {'/'.join(path)!r}. Name fewer files."
            )
        member = tarfile.TarInfo("/".join(path))
        member.type, member.mode, member.size, member.mtime = sort, stat.S_IMODE(mode) & 0o777, size, mtime
        member.linkname = target
        return member.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")

    def _refuse(self, path: Names, why: str) -> None:
        self.refused.append(f"{'/'.join(path)}: {why}")


def _content(file: io.FileIO, size: int, path: Names) -> Iterator[bytes]:
    """Exactly `size` bytes, which the header has announced."""
    while size:
        try:
            chunk = file.read(min(size, _CHUNK_BYTES))
        except OSError as error:
            raise SandboxError(f"{'/'.join(path)} cannot be read: {error.strerror}.") from error
        if not chunk:
            raise SandboxError(f"{'/'.join(path)} became shorter while it was exported.")
        size -= len(chunk)
        yield chunk
