from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from tests.contract.sandbox.archives import tar_of
from workers.sandbox.port import SandboxError, UnsafePath
from workers.sandbox.unpack import Bounds, TooMuch, Unpacked, unpack


def compressed(size: int, how: str) -> io.BytesIO:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=f"w:{how}") as archive:  # type: ignore[call-overload]
        member = tarfile.TarInfo("zeros")
        member.size = size
        archive.addfile(member, io.BytesIO(bytes(size)))
    buffer.seek(0)
    return buffer


def test_it_tells_what_was_unpacked(tmp_path: Path) -> None:
    assert unpack(tar_of({"a/one": b"12", "two": b"345"}), tmp_path) == Unpacked(entries=2, size_bytes=5)
    assert (tmp_path / "a" / "one").read_bytes() == b"12"


@pytest.mark.parametrize("how", ["", "gz", "bz2", "xz"])
def test_compression_is_recognised(tmp_path: Path, how: str) -> None:
    unpack(compressed(1000, how), tmp_path)
    assert (tmp_path / "zeros").stat().st_size == 1000


def test_entries_are_bounded(tmp_path: Path) -> None:
    with pytest.raises(TooMuch, match="more than 3 entries"):
        unpack(tar_of({str(number): b"" for number in range(4)}), tmp_path, Bounds(entries=3))


def test_bytes_are_bounded_and_the_rest_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(TooMuch, match="'big'"):
        unpack(tar_of({"big": bytes(5_000_000)}), tmp_path, Bounds(size_bytes=1_000_000))
    assert list(tmp_path.iterdir()) == []


def test_growth_is_bounded(tmp_path: Path) -> None:
    with pytest.raises(TooMuch, match="grows more than 50 times"):
        unpack(compressed(24 * 2**20, "gz"), tmp_path, Bounds(ratio=50))


def test_a_header_cannot_fill_the_memory(tmp_path: Path) -> None:
    """A long name is read as a whole before its entry is seen."""
    member = tarfile.TarInfo("x" * 5_000_000)
    with pytest.raises(TooMuch, match="header"):
        unpack(io.BytesIO(member.tobuf(tarfile.GNU_FORMAT) + bytes(1024)), tmp_path)


def test_many_entries_are_not_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[int] = []
    following = tarfile.TarFile.next

    def count(self: tarfile.TarFile) -> tarfile.TarInfo | None:
        kept.append(len(self.__dict__["members"]))
        return following(self)

    monkeypatch.setattr(tarfile.TarFile, "next", count)
    unpack(tar_of({str(number): b"" for number in range(50)}), tmp_path)
    assert max(kept) <= 1


def test_a_file_in_place_of_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsafePath):
        unpack(tar_of({"a/b": b"", "a": b""}), tmp_path)
    with pytest.raises(UnsafePath):
        unpack(tar_of({"c": b"", "c/d": b""}), tmp_path)


def test_the_owner_can_always_read_and_write(tmp_path: Path) -> None:
    unpack(tar_of({"file": b""}, mode=0), tmp_path)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("cut", [100, 513, 700])
def test_a_tar_that_ends_early_is_no_tar(tmp_path: Path, cut: int) -> None:
    whole = tar_of({"file": b"x" * 1000, "next": b"y"}).read()
    with pytest.raises(SandboxError, match="tar"):
        unpack(io.BytesIO(whole[:cut]), tmp_path)
    assert not (tmp_path / "file").exists()


def test_a_tar_of_nothing_but_a_header_for_all_is_empty(tmp_path: Path) -> None:
    """What `git archive` makes of a commit without files."""
    header = tarfile.TarInfo.create_pax_global_header({"comment": "c" * 40})
    assert unpack(io.BytesIO(header + bytes(2 * 512)), tmp_path) == Unpacked(0, 0)
