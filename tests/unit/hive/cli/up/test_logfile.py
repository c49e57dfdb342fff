from __future__ import annotations

import os
from pathlib import Path

import pytest

from hive.cli.up.logfile import LogFile


def test_lines_are_appended_to_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "web.log"
    path.write_text("yesterday\n")
    LogFile(path).write(b"today\n")
    assert path.read_text() == "yesterday\ntoday\n"


def test_past_its_limit_it_becomes_the_old_one_and_no_line_is_lost(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "web.log", limit_bytes=100)
    for number in range(15):
        log.write(b"line %03d\n" % number)
    assert (tmp_path / "web.log.1").read_text() == "".join(f"line {number:03}\n" for number in range(11))
    assert (tmp_path / "web.log").read_text() == "".join(f"line {number:03}\n" for number in range(11, 15))


def test_there_are_never_more_than_two(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "web.log", limit_bytes=50)
    for _ in range(100):
        log.write(b"0123456789\n")
    sizes = {entry.name: entry.stat().st_size for entry in tmp_path.iterdir()}
    assert set(sizes) == {"web.log", "web.log.1"}
    assert max(sizes.values()) <= 50


def test_one_that_is_too_large_at_the_start_is_put_aside(tmp_path: Path) -> None:
    (tmp_path / "web.log").write_text("x" * 200)
    LogFile(tmp_path / "web.log", limit_bytes=100).write(b"new\n")
    assert (tmp_path / "web.log").read_text() == "new\n"


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    LogFile(tmp_path / "web.log")
    assert (tmp_path / "web.log").stat().st_mode & 0o777 == 0o600


def test_a_full_disk_does_not_stop_the_writer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = LogFile(tmp_path / "web.log")

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        log.write(b"lost\n")
    log.write(b"kept\n")
    assert (tmp_path / "web.log").read_text() == "kept\n"


def test_a_folder_that_was_taken_away_does_not_stop_the_writer(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    log = LogFile(folder / "web.log", limit_bytes=10)
    log.write(b"first line\n")
    (folder / "web.log").unlink()
    folder.rmdir()
    log.write(b"second line\n")
    log.write(b"third line\n")
