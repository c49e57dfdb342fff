"""tar to tar.gz: bounded, without secrets, a chunk at a time."""

from __future__ import annotations

import io
import tarfile
import tracemalloc
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.contract.sandbox.archives import tar_of
from workers.repo.repository import Repository
from workers.sandbox.chunks import as_file
from workers.sandbox.export import Export
from workers.sandbox.pack import Packing, without_secrets
from workers.sandbox.tree import Tree
from workers.sandbox.unpack import Bounds, unpack

MIB = 2**20


def files(packed: Iterable[bytes]) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(b"".join(packed)), mode="r:gz") as tar:
        found = {member.name: tar.extractfile(member) for member in tar}
        return {name: file.read() for name, file in found.items() if file is not None}


def in_chunks(size: int, of: Iterable[bytes]) -> Iterator[bytes]:
    whole = b"".join(of)
    return (whole[at : at + size] for at in range(0, len(whole), size))


def test_what_went_in_comes_out(tmp_path: Path) -> None:
    (tmp_path / "in" / "deep").mkdir(parents=True)
    (tmp_path / "in" / "deep" / "größe.txt").write_bytes(b"x" * 700)
    (tmp_path / "in" / "deep" / "run").write_bytes(b"#!")
    (tmp_path / "in" / "deep" / "run").chmod(0o755)
    (tmp_path / "in" / "link").symlink_to("deep/run")
    packed = Packing(Export(Tree(tmp_path / "in"), ["**"], Bounds()), MIB)
    (tmp_path / "out").mkdir()
    unpack(as_file(packed), tmp_path / "out")
    assert (tmp_path / "out" / "deep" / "größe.txt").read_bytes() == b"x" * 700
    assert (tmp_path / "out" / "deep" / "run").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "out" / "link").readlink() == Path("deep/run")
    assert packed.left_out == []


def test_a_file_that_does_not_fit_is_left_out_and_named_and_smaller_ones_are_kept() -> None:
    packed = Packing(tar_of({"a": b"1" * 10, "big": bytes(2 * MIB), "c": b"3"}), MIB)
    assert files(packed) == {"a": b"1" * 10, "c": b"3"}
    assert packed.left_out == ["big: 2,097,152 bytes do not fit into 1 MiB"]
    assert packed.size_bytes == 11


@pytest.mark.parametrize("size", [1, 7, 512, 100_000])
def test_secrets_become_stars_wherever_they_lie(size: int) -> None:
    lies = {"env": b"TOKEN=hunter2-hunter2\n", "bin": b"\x00" * 600 + b"s3cret" + b"\xff" * 600 + b"s3cre"}
    packed = Packing(in_chunks(size, tar_of(lies)), MIB, [b"hunter2-hunter2", b"s3cret"])
    found = files(packed)
    assert found["env"] == b"TOKEN=" + b"*" * 15 + b"\n"
    assert found["bin"] == b"\x00" * 600 + b"******" + b"\xff" * 600 + b"s3cre"


def test_a_secret_over_the_border_of_two_reads_is_hidden() -> None:
    at = 256 * 1024 - 3
    found = files(Packing(tar_of({"f": bytes(at) + b"s3cret" + bytes(at)}), MIB, [b"s3cret"]))
    assert found["f"] == bytes(at) + b"******" + bytes(at)


def test_names_can_be_left_out_without_a_word() -> None:
    packed = Packing(tar_of({".git": b"gitdir: /somewhere", "a": b"1"}), MIB, without=frozenset({".git"}))
    assert files(packed) == {"a": b"1"}
    assert packed.left_out == []


def test_memory_does_not_grow_with_the_files(tmp_path: Path) -> None:
    with (tmp_path / "big").open("wb") as file:
        file.truncate(64 * MIB)
    packed = Packing(Export(Tree(tmp_path), ["**"], Bounds()), 100 * MIB, [b"s3cret"])
    tracemalloc.start()
    assert sum(len(chunk) for chunk in packed) < MIB
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * MIB


@pytest.mark.parametrize("size", [1, 512, 100_000])
def test_a_plain_tar_loses_its_secrets_too_also_those_in_names(size: int) -> None:
    long = f"{'deep/' * 40}s3cret/größe.txt"
    tar = b"".join(without_secrets(in_chunks(size, tar_of({long: b"is s3cret!", "s3cret.txt": b"1"})), [b"s3cret"]))
    with tarfile.open(fileobj=io.BytesIO(tar), mode="r:") as archive:
        found = {member.name: archive.extractfile(member).read() for member in archive}  # type: ignore[union-attr]
    assert found == {long.replace("s3cret", "******"): b"is ******!", "******.txt": b"1"}
    assert b"s3cret" not in tar


def test_of_an_empty_commit_as_git_archives_it_an_empty_tar_is_left(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "site.git")
    repository.ensure()
    with repository.archive("main") as tar:
        plain = b"".join(without_secrets([tar.read()], [b"s3cret"]))
    with tarfile.open(fileobj=io.BytesIO(plain), mode="r:") as archive:
        assert archive.getnames() == []
