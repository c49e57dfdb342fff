"""A zip as a tar: one way to unpack, whatever the archive. Bounded before any of it is decompressed."""

from __future__ import annotations

import contextlib
import io
import stat
import struct
import tarfile
import zipfile
from collections.abc import Iterator
from typing import BinaryIO

from workers.sandbox.chunks import as_file
from workers.sandbox.port import MIB, SandboxError, UnsafePath
from workers.sandbox.unpack import Bounds, TooMuch

MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
LONGEST_TARGET = 4096
_PIECE_BYTES = 256 * 1024
_RATIO_COUNTS_FROM = 16 * MIB
_DIRECTORY_BYTES = 64 * MIB  # of names; it is read into memory as a whole
_END = struct.Struct("<4s4H2LH")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR = struct.Struct("<4sLQL")
_FULL = 0xFFFF, 0xFFFFFFFF  # "look into the longer record"
_ENCRYPTED = 1
_MADE_ON_UNIX = 3
_BROKEN = (zipfile.BadZipFile, NotImplementedError, EOFError, struct.error, RuntimeError, ValueError, OSError)


@contextlib.contextmanager
def as_tar(file: BinaryIO, bounds: Bounds) -> Iterator[BinaryIO]:
    """The same files as a tar. Raises TooMuch, UnsafePath, SandboxError: at once, or while it is read."""
    _bound_directory(file, bounds)
    try:
        archive = zipfile.ZipFile(file)
    except _BROKEN as error:
        raise _broken(error) from error
    with archive:
        _bound_content(archive, file.seek(0, io.SEEK_END), bounds)
        yield as_file(_tar(archive))


def _broken(error: Exception) -> SandboxError:
    return SandboxError(f"This is not a complete zip: {error}.", permanent=True)


def _bound_directory(file: BinaryIO, bounds: Bounds) -> None:
    """How many entries the archive's end announces, and how long their list is, before that is read."""
    size = file.seek(0, io.SEEK_END)
    file.seek(max(size - _END.size - 0xFFFF, 0))
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or at + _END.size > len(tail):
        raise SandboxError("This is not a complete zip: it has no end.", permanent=True)
    _, _, _, _, entries, length, _, _ = _END.unpack_from(tail, at)
    if entries == _FULL[0] or length == _FULL[1]:
        entries, length = _longer_end(file, size - len(tail) + at) or (entries, length)
    if entries > bounds.entries:
        raise TooMuch(f"The archive has {entries} entries; {bounds.entries} are taken at most.")
    if length > _DIRECTORY_BYTES:
        raise TooMuch(f"The archive's list of names is {length} bytes long.")


def _longer_end(file: BinaryIO, end_at: int) -> tuple[int, int] | None:
    """The same of a zip64; None where there is none, and the short record means what it says."""
    if end_at < _LOCATOR.size:
        return None
    file.seek(end_at - _LOCATOR.size)
    mark, _, at, _ = _LOCATOR.unpack(file.read(_LOCATOR.size))
    if mark != b"PK\x06\x07":
        return None
    file.seek(at)
    try:
        _, _, _, _, _, _, _, entries, length, _ = _END_64.unpack(file.read(_END_64.size))
    except struct.error as error:
        raise _broken(error) from error
    return entries, length


def _bound_content(archive: zipfile.ZipFile, size_bytes: int, bounds: Bounds) -> None:
    """No entry gives more than it announces: the sum says how much there can be."""
    entries = archive.infolist()
    if len(entries) > bounds.entries:
        raise TooMuch(f"The archive has more than {bounds.entries} entries.")
    total = sum(entry.file_size for entry in entries)
    if total > bounds.size_bytes:
        raise TooMuch(f"The archive holds {total} bytes; {bounds.size_bytes} are taken at most.")
    if total > max(_RATIO_COUNTS_FROM, size_bytes * bounds.ratio):
        raise TooMuch(f"The archive grows more than {bounds.ratio} times when unpacked.")


def _tar(archive: zipfile.ZipFile) -> Iterator[bytes]:
    try:
        for entry in archive.infolist():
            yield from _entry(archive, entry)
    except _BROKEN as error:
        raise _broken(error) from error
    yield bytes(2 * tarfile.BLOCKSIZE)


def _entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    member = _member(entry)
    if entry.flag_bits & _ENCRYPTED:
        raise SandboxError(f"{member.name!r} is encrypted.", permanent=True)
    if member.issym():
        if entry.file_size > LONGEST_TARGET:
            raise UnsafePath(f"{member.name!r} is a link whose target is {entry.file_size} bytes long.")
        member.linkname = archive.read(entry).decode("utf-8", "surrogateescape")
    yield member.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")
    if not member.isreg():
        return
    left = member.size
    with archive.open(entry) as content:
        while piece := content.read(_PIECE_BYTES):
            left -= len(piece)
            if left < 0:
                break
            yield piece
    if left:
        raise zipfile.BadZipFile(f"{member.name!r} has not the size that it announces")
    yield bytes(-member.size % tarfile.BLOCKSIZE)


def _member(entry: zipfile.ZipInfo) -> tarfile.TarInfo:
    name = getattr(entry, "orig_filename", entry.filename)  # the other one was cut at a NUL
    if "\0" in name:
        raise UnsafePath(f"{name!r} has a NUL in its name.")
    member = tarfile.TarInfo(name)
    mode = entry.external_attr >> 16 if entry.create_system == _MADE_ON_UNIX else 0
    kind = stat.S_IFMT(mode)
    member.mode = 0o755 if name.endswith("/") or mode & 0o111 else 0o644
    if name.endswith("/"):
        member.type = tarfile.DIRTYPE
    elif kind == stat.S_IFLNK:
        member.type = tarfile.SYMTYPE
    elif kind in (0, stat.S_IFREG):
        member.size = entry.file_size
    else:
        raise UnsafePath(f"{name!r} is a device, a pipe or something else that is no file.")
    return member
