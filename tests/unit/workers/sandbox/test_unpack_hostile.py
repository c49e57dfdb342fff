"""Archives that are small and want much: memory, time, or a place outside."""

from __future__ import annotations

import gzip
import io
import tarfile
import tracemalloc
from pathlib import Path

import pytest

from workers.sandbox.port import SandboxError, UnsafePath
from workers.sandbox.unpack import Bounds, TooMuch, unpack

MIB = 2**20
END = bytes(1024)


def entry(name: str, sort: bytes, data: bytes = b"", size: int | None = None) -> bytes:
    member = tarfile.TarInfo(name)
    member.type, member.size = sort, len(data) if size is None else size
    return member.tobuf(tarfile.GNU_FORMAT) + data + bytes(-len(data) % 512)


def pax(**records: str) -> bytes:
    """A header for the next entry."""
    data = b""
    for key, value in records.items():
        body = f" {key.replace('_', '.')}={value}\n".encode()
        length = len(body) + len(str(len(body) + 9))
        data += str(length).encode() + body
    return entry("x", tarfile.XHDTYPE, data)


def refused(tar: bytes, into: Path, kind: type[Exception], match: str, bounds: Bounds | None = None) -> int:
    """The most memory that it took, in bytes."""
    tracemalloc.start()
    try:
        with pytest.raises(kind, match=match):
            unpack(io.BytesIO(tar), into, bounds)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("sort", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.GNUTYPE_LONGLINK])
def test_no_header_is_read_into_memory_that_is_too_long(tmp_path: Path, sort: bytes) -> None:
    tar = gzip.compress(entry("x", sort, b"a" * 12 * MIB) + END)
    assert refused(tar, tmp_path, TooMuch, "header") < 4 * MIB


@pytest.mark.parametrize("header", [pax(path="abc"), entry("x", tarfile.GNUTYPE_LONGNAME, b"abc\0")])
def test_headers_of_headers_end(tmp_path: Path, header: bytes) -> None:
    tar = header * 3000 + entry("f", tarfile.REGTYPE) + END
    refused(tar, tmp_path, SandboxError, "hundreds of headers")


def test_headers_count_towards_the_ratio(tmp_path: Path) -> None:
    one = pax(comment="a" * 100_000) + entry("f", tarfile.REGTYPE)
    refused(gzip.compress(one * 250, 9) + END, tmp_path, TooMuch, "grows more than 200 times")


def test_headers_count_towards_the_size(tmp_path: Path) -> None:
    one = pax(comment="a" * 100_000) + entry("f", tarfile.DIRTYPE)
    refused(one * 250 + END, tmp_path, TooMuch, "holds more than 1048576 bytes", Bounds(size_bytes=MIB, entries=1000))


def sparse(real_size: bytes) -> bytes:
    block = bytearray(entry("s", tarfile.GNUTYPE_SPARSE))
    block[483:495] = real_size
    block[148:156] = b"%06o\0 " % (256 + sum(block[:148]) + sum(block[156:512]))
    return bytes(block)


def test_a_sparse_file_is_refused_before_its_list_of_holes_is_read(tmp_path: Path) -> None:
    holes = b"5000000\n" + b"0\n0\n" * 5_000_000
    modern = pax(GNU_sparse_major="1", GNU_sparse_minor="0") + entry("f", tarfile.REGTYPE, holes)
    assert refused(gzip.compress(modern + END), tmp_path, UnsafePath, "sparse") < 4 * MIB
    refused(sparse(b"77777777777\0") + END, tmp_path, UnsafePath, "sparse")
    assert list(tmp_path.iterdir()) == []


def test_a_long_name_and_a_note_are_still_taken(tmp_path: Path) -> None:
    name = "/".join(["long" * 20] * 6)
    tar = pax(path=name, comment="n" * 50_000) + entry("short", tarfile.REGTYPE, b"here") + END
    unpack(io.BytesIO(tar), tmp_path)
    assert (tmp_path / name).read_bytes() == b"here"
