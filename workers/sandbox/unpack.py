"""Put the files of a tar into a folder, trusting nothing that the tar says.

Refused by name: absolute paths and `..`, devices, pipes, links that lead outside. Bounded: entries, bytes, and how
much larger the content may be than what came in. What was unpacked before a refusal stays; throw the folder away.
"""

from __future__ import annotations

import posixpath
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Self, cast

from workers.sandbox.port import GIB, MIB, SandboxError, UnsafePath
from workers.sandbox.tree import Names, Tree

_CHUNK_BYTES = 1024 * 1024
_LONGEST_HEADER_BYTES = 128 * 1024  # a long name's header is read into memory as a whole
_RATIO_COUNTS_FROM = 16 * MIB  # a small file of zeros compresses by a thousand, and harms nobody
_HEADERS = (
    *(tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK),
    *(tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE),
)
# What tarfile says of an archive that ends, as it should, after a header for all of it: git's of an empty commit.
NOTHING_AFTER_A_HEADER = "end of file header"
_AROUND_AN_ENTRY_BYTES = 4 * 1024  # headers and padding


@dataclass(frozen=True)
class Bounds:
    """What an archive may hold. `ratio`: bytes of content per byte that came in."""

    entries: int = 200_000
    size_bytes: int = 2 * GIB
    ratio: int = 200


@dataclass(frozen=True)
class Unpacked:
    """What was put in place."""

    entries: int
    size_bytes: int


class TooMuch(SandboxError):
    """An archive with more entries or bytes than allowed."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=True)


def unpack(tar: BinaryIO, into: Path | Tree, bounds: Bounds | None = None) -> Unpacked:
    """Unpack a tar, plain or compressed (gzip, bzip2, xz), read once from front to end.

    Raises UnsafePath, TooMuch, SandboxError for what is no tar; OSError for the disk's own trouble.
    """
    tree = into if isinstance(into, Tree) else Tree(into)
    unpacking = _Unpacking(tree, bounds or Bounds(), _Counted(tar))
    try:
        opened = {"fileobj": unpacking.file, "bufsize": 64 * 1024, "tarinfo": _Member, "passed": unpacking.passed}
        with _Tar.open(mode="r|*", **opened) as archive:  # type: ignore[call-overload]
            while member := archive.next():
                archive.members = []  # else it remembers every entry
                unpacking.take(archive, member)
    except (
        tarfile.TarError,
        EOFError,
        ValueError,
        TypeError,
    ) as error:  # TypeError: of a gzip's header that is cut off
        if str(error) != NOTHING_AFTER_A_HEADER:
            raise SandboxError(f"This is not a complete tar: {error}.", permanent=True) from error
    except RecursionError:  # tarfile reads a header of a header of a header … by calling itself
        raise SandboxError("This is not a tar: an entry has hundreds of headers.", permanent=True) from None
    unpacking.check_links()
    return Unpacked(unpacking.entries, unpacking.size_bytes)


class _Member(tarfile.TarInfo):
    """An entry whose header is checked before what belongs to the header is read."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        member = super().frombuf(buf, encoding, errors)
        if member.type in _HEADERS and member.size > _LONGEST_HEADER_BYTES:
            raise TooMuch(f"An entry's header in the archive is {member.size} bytes long.")
        return member

    def _refuse_sparse(self, *_: object) -> Self:
        """A list of holes can be as long as the archive, and tarfile reads all of it into memory first."""
        raise UnsafePath(f"{self.name!r} is a sparse file. Make the archive without --sparse.")

    _proc_sparse = _proc_gnusparse_00 = _proc_gnusparse_01 = _proc_gnusparse_10 = _refuse_sparse


class _Tar(tarfile.TarFile):
    """A tar of which every byte is counted as it comes out of the compression: headers and what is skipped too."""

    def __init__(self, name: Any, mode: Any, fileobj: Any, *, passed: Callable[[int], None], **kwargs: Any) -> None:
        super().__init__(name, mode, cast(Any, _Meter(fileobj, passed)), **kwargs)


class _Meter:
    """The stream below a tar; `passed` is told how far it has been read, or is about to be skipped."""

    def __init__(self, stream: Any, passed: Callable[[int], None]) -> None:
        self._stream, self._passed = stream, passed
        self.tell, self.close = stream.tell, stream.close

    def read(self, size: int) -> bytes:
        data: bytes = self._stream.read(size)
        self._passed(self._stream.tell())
        return data

    def seek(self, position: int) -> None:
        self._passed(position)
        self._stream.seek(position)


class _Counted:
    """A stream that counts what is read from it."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self.size_bytes = 0

    def read(self, size: int) -> bytes:
        data = self._source.read(size)
        self.size_bytes += len(data)
        return data


class _Unpacking:
    """One archive on its way into one tree."""

    def __init__(self, tree: Tree, bounds: Bounds, source: _Counted) -> None:
        self._tree, self._bounds, self._source = tree, bounds, source
        self._links: list[Names] = []
        self.file = cast(BinaryIO, source)  # a stream is only ever read
        self.entries = 0
        self.size_bytes = 0

    def passed(self, position: int) -> None:
        """So much of the tar has been read: content, or what claims to be none."""
        most = self._bounds.size_bytes + self._bounds.entries * _AROUND_AN_ENTRY_BYTES + _RATIO_COUNTS_FROM
        if position > most:
            raise TooMuch(f"The archive holds more than {self._bounds.size_bytes} bytes.")
        if position > max(_RATIO_COUNTS_FROM, self._source.size_bytes * self._bounds.ratio):
            raise TooMuch(f"The archive grows more than {self._bounds.ratio} times when unpacked.")

    def take(self, archive: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        self.entries += 1
        if self.entries > self._bounds.entries:
            raise TooMuch(f"The archive has more than {self._bounds.entries} entries.")
        names = self._tree.names(member.name)
        try:
            if member.isdir():
                self._tree.make_folder(names)
            elif not names:
                raise UnsafePath(f"{member.name!r} would replace the workspace itself.")
            else:
                self._put(archive, member, names)
        except IsADirectoryError:
            raise UnsafePath(f"{member.name!r} is a folder and something else in the same archive.") from None

    def _put(self, archive: tarfile.TarFile, member: tarfile.TarInfo, names: Names) -> None:
        if member.issym():
            self._link(names, member.linkname)
        elif member.islnk():
            self._tree.hard_link(names, self._tree.names(member.linkname))
        elif member.isreg():
            self._copy(archive, member, names)
        else:
            raise UnsafePath(f"{member.name!r} is a device, a pipe or something else that is no file.")

    def _link(self, names: Names, target: str) -> None:
        end = posixpath.normpath(posixpath.join("/".join(names[:-1]), target))
        if target.startswith("/") or end.split("/")[0] == ".." or "\0" in target:
            raise UnsafePath(f"{'/'.join(names)!r} is a link that leads outside: {target!r}.")
        self._tree.link(names, target)
        self._links.append(names)

    def _copy(self, archive: tarfile.TarFile, member: tarfile.TarInfo, names: Names) -> None:
        with self._tree.create(names, member.mode | 0o600) as file, open(file, "wb", closefd=False) as writer:
            for chunk in _content(archive, member):
                self._count(len(chunk), member.name)
                writer.write(chunk)

    def _count(self, size: int, name: str) -> None:
        self.size_bytes += size
        if self.size_bytes > self._bounds.size_bytes:
            raise TooMuch(f"The archive holds more than {self._bounds.size_bytes} bytes; stopped at {name!r}.")
        if self.size_bytes > max(_RATIO_COUNTS_FROM, self._source.size_bytes * self._bounds.ratio):
            raise TooMuch(f"The archive grows more than {self._bounds.ratio} times when unpacked; stopped at {name!r}.")

    def check_links(self) -> None:
        """Where links lead can only be said when all of them are in place: one may go through another."""
        for names in self._links:
            try:
                with self._tree.find(names):
                    pass
            except (FileNotFoundError, NotADirectoryError):
                pass  # leads to nothing, and as far as it goes it stays inside
            except UnsafePath:
                self._tree.remove(names)
                raise


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> Iterator[bytes]:
    source = archive.extractfile(member)
    assert source is not None  # noqa: S101 - a regular file has content
    while chunk := source.read(_CHUNK_BYTES):
        yield chunk
