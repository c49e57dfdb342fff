"""A zip as the tar that it could have been, so that both are unpacked by the same guarded code."""

from __future__ import annotations

import io
import stat
import struct
import tarfile
import zipfile
from collections.abc import Iterator
from typing import BinaryIO

from workers.sandbox.port import MIB, SandboxError
from workers.sandbox.unpack import Bounds, TooMuch

CHUNK_BYTES = 64 * 1024
END = struct.Struct("<4s4H2LH")
END_SIGNATURE, LARGE_SIGNATURE, LARGE_BYTES = b"PK\x05\x06", b"PK\x06\x07", 20
LIST_BYTES = 64 * MIB  # of the list of entries, which is read into memory as a whole
RATIO_COUNTS_FROM = 16 * MIB
LONGEST_LINK = 4096


def as_tar(upload: BinaryIO, bounds: Bounds) -> io.BufferedReader:
    """Raises TooMuch, SandboxError; so does reading from it."""
    _check_list(upload, bounds)
    return io.BufferedReader(_Reader(_pieces(upload, bounds)), CHUNK_BYTES)


def _check_list(upload: BinaryIO, bounds: Bounds) -> None:
    """Before Python reads the list of entries: how long does it say that it is?"""
    size = upload.seek(0, io.SEEK_END)
    start = upload.seek(max(size - 65536 - END.size - LARGE_BYTES, 0))
    tail = upload.read(size - start)
    at = tail.rfind(END_SIGNATURE)
    if at < 0 or len(tail) - at < END.size:
        raise SandboxError("This is not a complete zip.", permanent=True)
    _, _, _, _, entries, length, _, _ = END.unpack_from(tail, at)
    if tail[max(at - LARGE_BYTES, 0) : at].startswith(LARGE_SIGNATURE) or length > LIST_BYTES:
        raise TooMuch("This zip is of the kind for very many entries (zip64). Send a tar.gz instead.")
    if entries > bounds.entries:
        raise TooMuch(f"The archive has more than {bounds.entries} entries.")
    upload.seek(0)


def _pieces(upload: BinaryIO, bounds: Bounds) -> Iterator[bytes]:
    most = max(RATIO_COUNTS_FROM, upload.seek(0, io.SEEK_END) * bounds.ratio)
    try:
        with zipfile.ZipFile(upload) as archive:
            passed = 0
            for member in archive.infolist():
                passed += member.file_size
                if passed > min(most, bounds.size_bytes):
                    raise TooMuch(
                        f"The archive holds too much, or grows too much; stopped at {member.filename[:200]!r}."
                    )
                yield from _member(archive, member)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError, OSError) as error:
        raise SandboxError(f"This is not a zip that can be read: {error}.", permanent=True) from error
    yield tarfile.NUL * 2 * tarfile.BLOCKSIZE


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    mode = member.external_attr >> 16 if member.create_system == 3 else 0
    entry = tarfile.TarInfo(member.filename.rstrip("/"))
    entry.mode = stat.S_IMODE(mode) or (0o755 if member.is_dir() else 0o644)
    if member.is_dir():
        entry.type = tarfile.DIRTYPE
        yield _head(entry)
    elif stat.S_ISLNK(mode):
        entry.type = tarfile.SYMTYPE
        with archive.open(member) as file:
            entry.linkname = file.read(LONGEST_LINK).decode(errors="surrogateescape")
        yield _head(entry)
    elif mode and not stat.S_ISREG(mode) and stat.S_IFMT(mode):
        raise SandboxError(f"{member.filename[:200]!r} is a device, a pipe or something else.", permanent=True)
    else:
        entry.size = member.file_size
        yield _head(entry)
        yield from _content(archive, member)


def _head(entry: tarfile.TarInfo) -> bytes:
    return entry.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")


def _content(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    left = member.file_size
    with archive.open(member) as file:
        while data := file.read(min(left, CHUNK_BYTES) if left else 1):
            left -= len(data)
            if left < 0:
                break
            yield data
    if left:
        raise SandboxError(f"{member.filename[:200]!r} is not as long as the archive says.", permanent=True)
    yield tarfile.NUL * (-member.file_size % tarfile.BLOCKSIZE)


class _Reader(io.RawIOBase):
    """Pieces as a file."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]
        if not self._rest:
            self._rest = next(self._pieces, b"")
        count = min(len(view), len(self._rest))
        view[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count
