"""Packages as strangers send them, as zip and as tar: each trick refused, with a sentence, and nothing unpacked."""

from __future__ import annotations

import io
import random
import stat
import struct
import tarfile
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from workers.sandbox.package import BadPackage, looked_through
from workers.sandbox.unpack import Bounds, unpack

MIB = 2**20
Make = Callable[[list[tuple[str, str, bytes]]], bytes]


def tar(entries: list[tuple[str, str, bytes]]) -> bytes:
    """Entries of (kind, name, content): f a file, d a folder, l a link, h a hard link, c a device, p a pipe."""
    kinds = dict(
        zip(
            "fdlhcp",
            (tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE),
            strict=True,
        )
    )
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz", format=tarfile.PAX_FORMAT) as archive:
        for kind, name, content in entries:
            member = tarfile.TarInfo(name)
            member.type, member.mode = kinds[kind], 0o755
            if kind in "lh":
                member.linkname = content.decode()
            member.size = len(content) if kind == "f" else 0
            archive.addfile(member, io.BytesIO(content))
    return out.getvalue()


def zipped(entries: list[tuple[str, str, bytes]]) -> bytes:
    kinds = {"f": stat.S_IFREG, "d": stat.S_IFDIR, "l": stat.S_IFLNK, "c": stat.S_IFCHR, "p": stat.S_IFIFO}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for kind, name, content in entries:
            entry = zipfile.ZipInfo("x")
            entry.filename = name + "/" * (kind == "d")
            entry.create_system, entry.external_attr = 3, (kinds[kind] | 0o755) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return out.getvalue()


def unpacked(package: bytes, into: Path, bounds: Bounds | None = None) -> list[str]:
    with looked_through(io.BytesIO(package), bounds) as found:
        unpack(found, into, bounds)
    return sorted(str(path.relative_to(into)) for path in into.rglob("*"))


both = pytest.mark.parametrize("make", [tar, zipped])


@both
def test_an_honest_package_is_unpacked_as_it_was(make: Make, tmp_path: Path) -> None:
    found = unpacked(
        make(
            [("d", "src", b""), ("f", "src/ä.py", b"x = 1\n"), ("f", "run", b"#!"), ("l", "last", b"src/\xc3\xa4.py")]
        ),
        tmp_path,
    )
    assert found == ["last", "run", "src", "src/ä.py"]
    assert (tmp_path / "last").read_text() == "x = 1\n"
    assert (tmp_path / "run").stat().st_mode & 0o100


TRICKS = [
    ([("f", "../x", b"a")], r"\.\."),
    ([("f", "a/../../x", b"a")], r"\.\."),
    ([("f", "/etc/passwd", b"a")], "outside the workspace"),
    ([("f", "C:\\x", b"a")], "path of Windows"),
    ([("f", "C:x", b"a")], "path of Windows"),
    ([("f", "a\\b", b"a")], "path of Windows"),
    ([("f", "a\nb", b"a")], "control character"),
    ([("l", "out", b"/etc")], "leads outside"),
    ([("l", "out", b"../../etc")], "leads outside"),
    ([("c", "null", b"")], "device"),
    ([("p", "pipe", b"")], "pipe"),
    ([("f", "README", b"a"), ("f", "readme", b"b")], "case does not count"),
    ([("f", "Src/a", b"a"), ("f", "src/b", b"b")], "case does not count"),
    ([("f", "stra\u00dfe", b"a"), ("f", "STRASSE", b"b")], "case does not count"),
    ([("f", "\u00e9", b"a"), ("f", "e\u0301", b"b")], "case does not count"),
    ([("f", "a", b"a"), ("f", "a", b"b")], "comes twice"),
    ([("f", "/".join("d" * 120), b"a")], "folders deep"),
]


@both
@pytest.mark.parametrize(("entries", "why"), TRICKS)
def test_a_trick_is_refused_and_nothing_is_unpacked(
    make: Make, entries: list[tuple[str, str, bytes]], why: str, tmp_path: Path
) -> None:
    package = make([("f", "before", b"ok"), *entries])
    with pytest.raises(BadPackage, match=why):
        unpacked(package, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_link_cannot_be_written_through(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    into = tmp_path / "into"
    into.mkdir()
    for make in (tar, zipped):
        with pytest.raises(BadPackage):
            unpacked(make([("l", "d", str(outside).encode()), ("f", "d/x", b"a")]), into)
    assert list(outside.iterdir()) == []


def test_a_hard_link_to_what_is_not_in_the_package_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadPackage, match="not there"):
        unpacked(tar([("h", "x", b"etc/passwd")]), tmp_path)


def test_a_nul_in_a_name_is_refused(tmp_path: Path) -> None:
    package = zipped([("f", "harmless?hidden", b"a")]).replace(b"harmless?hidden", b"harmless\0hidden")
    with pytest.raises(BadPackage, match="NUL"):
        unpacked(package, tmp_path)
    member = tarfile.TarInfo("x")
    member.pax_headers = {"path": "a\0b"}
    with pytest.raises(BadPackage):
        unpacked(member.tobuf(tarfile.PAX_FORMAT) + bytes(1024), tmp_path)


@both
def test_too_many_entries_are_refused(make: Make, tmp_path: Path) -> None:
    package = make([("f", f"f{number}", b"") for number in range(101)])
    with pytest.raises(BadPackage, match="entries"):
        unpacked(package, tmp_path, Bounds(entries=100))


@both
def test_a_bomb_is_refused_by_how_much_it_grows(make: Make, tmp_path: Path) -> None:
    package = make([("f", f"zeros{number}", bytes(20 * MIB)) for number in range(3)])
    assert len(package) < 100_000
    with pytest.raises(BadPackage, match="grows more than 200 times"):
        unpacked(package, tmp_path)


@both
def test_a_package_that_is_too_large_is_refused(make: Make, tmp_path: Path) -> None:
    with pytest.raises(BadPackage, match="2000"):
        unpacked(make([("f", "a", b"abc" * 1000)]), tmp_path, Bounds(size_bytes=2000))


def test_a_million_entries_are_refused_by_what_the_end_of_the_zip_says(tmp_path: Path) -> None:
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    end_64 = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 10**6, 10**6, 10**8, 0)
    package = b"PK\x03\x04" + end_64 + struct.pack("<4sLQL", b"PK\x06\x07", 0, 4, 1) + end
    with pytest.raises(BadPackage, match="1000000 entries"):
        unpacked(package, tmp_path)


def test_a_zip_that_promises_less_than_it_holds_gives_no_more_than_it_promises(tmp_path: Path) -> None:
    package = bytearray(zipped([("f", "a", bytes(64 * MIB))]))
    at = package.rfind(b"PK\x01\x02")
    package[at + 24 : at + 28] = struct.pack("<L", 1000)
    tracemalloc.start()
    with pytest.raises(BadPackage):
        unpacked(bytes(package), tmp_path)
    assert tracemalloc.get_traced_memory()[1] < 16 * MIB
    tracemalloc.stop()


def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    package = bytearray(zipped([("f", "a", b"secret")]))
    package[package.rfind(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(BadPackage, match="encrypted"):
        unpacked(bytes(package), tmp_path)


@pytest.mark.parametrize("cut", [60, 3000])
@both
def test_a_package_that_is_cut_short_is_refused(make: Make, cut: int, tmp_path: Path) -> None:
    package = make([("f", f"f{number}", random.Random(number).randbytes(2000)) for number in range(20)])
    with pytest.raises(BadPackage, match="not a complete"):
        unpacked(package[:-cut], tmp_path)


@pytest.mark.parametrize("junk", [b"", b"hello", bytes(600), b"\x7fELF" + bytes(600), b"<html>"])
def test_what_is_no_archive_is_refused(junk: bytes, tmp_path: Path) -> None:
    with pytest.raises(BadPackage, match="neither a zip nor a tar"):
        unpacked(junk, tmp_path)
