from __future__ import annotations

import os
from pathlib import Path

import pytest

from hive.cli.up.loop import Loop
from hive.cli.up.output import KEPT_LINES, Output


class Listening:
    def __init__(self, path: Path) -> None:
        self.alarms: list[str] = []
        self.output = Output(Loop(), path, self.alarms.append)
        self.path = path

    def says(self, data: bytes) -> None:
        writer = self.output.open()
        os.write(writer, data)
        os.close(writer)
        while self.output._reader >= 0:
            self.output.read()


@pytest.fixture
def child(tmp_path: Path) -> Listening:
    return Listening(tmp_path / "web.log")


def test_everything_is_logged(child: Listening) -> None:
    child.says(b"one\ntwo")
    child.says(b"three\n")
    assert child.path.read_bytes() == b"one\ntwothree\n"


def test_its_end_is_kept_for_error_messages(child: Listening) -> None:
    child.says(b"".join(b"line %d\n" % number for number in range(100)) + b"no newline")
    lines = child.output.tail().splitlines()
    assert len(lines) == KEPT_LINES
    assert lines[-2:] == ["line 99", "no newline"]
    assert child.output.tail(1) == "no newline"


def test_the_next_start_begins_with_nothing_kept(child: Listening) -> None:
    child.says(b"old words\n")
    child.says(b"new words\n")
    assert child.output.tail() == "new words"


def test_an_endless_line_does_not_fill_the_memory(child: Listening) -> None:
    child.says(b"x" * 60_000)
    assert len(child.output.tail()) <= 4096


def test_bytes_that_are_no_text_do_no_harm(child: Listening) -> None:
    child.says(b"\xff\xfe\x00 bad\n")
    assert child.output.tail().endswith("bad")


def test_an_alarm_is_told_once_in_a_while(child: Listening) -> None:
    child.says(b"2026 INFO a fine\n2026 ERROR a broken\n2026 CRITICAL b broken\n")
    assert child.alarms == ["2026 ERROR a broken"]


def test_an_alarm_in_two_pieces_is_seen(child: Listening) -> None:
    writer = child.output.open()
    os.write(writer, b"2026 ERR")
    child.output.read()
    os.write(writer, b"OR a broken\n")
    child.output.read()
    assert child.alarms == ["2026 ERROR a broken"]
    os.close(writer)
    child.output.close()


def test_a_pipe_that_somebody_else_holds_open_is_let_go_of(child: Listening) -> None:
    writer = child.output.open()
    os.write(writer, b"last words\n")
    child.output.close()
    assert child.output.tail() == "last words"
    os.close(writer)
