from __future__ import annotations

import os
from pathlib import Path

from workers.sandbox.inside.disk import Walk

KIB = 1024


def walked(*places: Path) -> Walk:
    walk = Walk([os.fspath(place) for place in places])
    assert walk.go_on(60)
    return walk


def test_files_and_folders_of_all_places_are_counted(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name / "deep").mkdir(parents=True)
        (tmp_path / name / "deep" / "file").write_bytes(bytes(64 * KIB))
    walk = walked(tmp_path / "a", tmp_path / "b")
    assert walk.entries == 4
    assert 128 * KIB <= walk.size_bytes < 160 * KIB


def test_a_file_with_two_names_counts_once(tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(bytes(64 * KIB))
    before = walked(tmp_path).size_bytes
    os.link(tmp_path / "one", tmp_path / "two")
    assert walked(tmp_path).size_bytes == before


def test_a_sparse_file_counts_as_it_lies(tmp_path: Path) -> None:
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(10**9)
    assert walked(tmp_path).size_bytes < 64 * KIB


def test_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "up").symlink_to("/usr")
    assert walked(tmp_path).entries == 1


def test_a_round_can_be_spread_over_many_calls(tmp_path: Path) -> None:
    for number in range(20):
        (tmp_path / f"folder{number}").mkdir()
    walk = Walk([os.fspath(tmp_path)])
    calls = 1
    while not walk.go_on(0):
        calls += 1
    assert calls > 10
    assert walk.entries == 20


def test_what_is_nested_out_of_reach_is_reported(tmp_path: Path) -> None:
    here = Path.cwd()
    try:
        os.chdir(tmp_path)
        for _ in range(20):
            os.mkdir("d" * 200)  # noqa: PTH102 - relative to where it is
            os.chdir("d" * 200)
    finally:
        os.chdir(here)
    assert walked(tmp_path).too_deep.startswith(os.fspath(tmp_path))


def test_a_place_that_is_gone_counts_nothing(tmp_path: Path) -> None:
    assert walked(tmp_path / "missing").entries == 0
