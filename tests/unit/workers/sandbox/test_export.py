from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.contract.sandbox.archives import listing
from workers.sandbox.export import Export, Patterns
from workers.sandbox.port import SandboxError
from workers.sandbox.tree import Tree
from workers.sandbox.unpack import Bounds, TooMuch


def export(root: Path, *globs: str, bounds: Bounds | None = None) -> Export:
    return Export(Tree(root), globs, bounds or Bounds())


@pytest.mark.parametrize(
    ("glob", "path", "matches", "goes_on"),
    [
        ("a/b", "a", False, True),
        ("a/b", "a/b", True, True),
        ("a/b", "b", False, False),
        ("**/x", "a/b/c", False, True),
        ("**/x", "x", True, True),
        ("a/**", "a", True, True),
        ("a/**/**/z", "a/q/z", True, True),
        ("*.txt", "a", False, False),
        ("[ab]?", "b1", True, True),
    ],
)
def test_a_glob_says_what_matches_and_where_to_look_on(glob: str, path: str, matches: bool, goes_on: bool) -> None:
    patterns = Patterns([tuple(glob.split("/"))])
    states = patterns.start
    for name in path.split("/"):
        states = patterns.step(states, name)
    assert (patterns.complete(states), bool(states)) == (matches, goes_on)


def test_folders_in_which_nothing_can_match_are_not_entered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "node_modules" / "deep").mkdir(parents=True)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "report.xml").write_text("x")
    listed: list[int] = []
    listdir = os.listdir
    monkeypatch.setattr(os, "listdir", lambda folder: listed.append(folder) or listdir(folder))
    assert set(listing(export(tmp_path, "out/*.xml"))) == {"out/report.xml"}
    assert len(listed) == 2


def test_bounds_name_where_it_stopped(tmp_path: Path) -> None:
    for number in range(5):
        (tmp_path / f"file{number}").write_bytes(b"x" * 100)
    with pytest.raises(TooMuch, match="file3"):
        listing(export(tmp_path, "**", bounds=Bounds(entries=3)))
    with pytest.raises(TooMuch, match="file2"):
        listing(export(tmp_path, "**", bounds=Bounds(size_bytes=250)))


def test_a_file_that_shrinks_meanwhile_is_not_padded(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(bytes(1_000_000))
    chunks = iter(export(tmp_path, "file"))
    next(chunks)
    (tmp_path / "file").write_bytes(b"short")
    with pytest.raises(SandboxError, match="became shorter"):
        list(chunks)


def test_a_file_that_grows_meanwhile_is_cut_where_it_was(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"short")
    chunks = iter(export(tmp_path, "file"))
    start = next(chunks)
    with (tmp_path / "file").open("ab") as file:
        file.write(bytes(1_000_000))
    assert listing([start, *chunks]) == {"file": b"short"}


def test_folders_nested_without_reason_are_left_out_by_name(tmp_path: Path) -> None:
    folder = tmp_path
    for _ in range(120):
        folder /= "d"
        folder.mkdir()
    found = export(tmp_path, "**")
    assert len(listing(found)) == 100
    assert [line.endswith("nested too deeply") for line in found.refused] == [True]


def test_the_same_tree_gives_the_same_tar(tmp_path: Path) -> None:
    for name in ("b", "a", "c"):
        (tmp_path / name).write_text(name)
    assert b"".join(export(tmp_path, "*")) == b"".join(export(tmp_path, "*"))


def test_a_folder_swapped_for_a_link_between_two_looks_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The swap comes after the entry was seen to be a folder, and before it is opened."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_text("secret")
    root = tmp_path / "root"
    (root / "folder").mkdir(parents=True)
    look = os.stat

    def look_and_swap(name: str, **options: Any) -> os.stat_result:
        seen = look(name, **options)
        if name == "folder":
            (root / "folder").rename(tmp_path / "away")
            (root / "folder").symlink_to(tmp_path / "outside")
        return seen

    monkeypatch.setattr(os, "stat", look_and_swap)
    assert listing(export(root, "**")) == {}


def test_descriptors_are_closed_when_nobody_reads_on(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "file").write_bytes(bytes(1_000_000))
    before = len(list(Path("/proc/self/fd").iterdir()))
    chunks = iter(export(tmp_path, "**"))
    for _ in range(3):
        next(chunks)
    chunks.close()  # type: ignore[attr-defined]
    assert len(list(Path("/proc/self/fd").iterdir())) == before
