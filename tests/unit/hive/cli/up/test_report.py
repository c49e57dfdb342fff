from __future__ import annotations

import os
import pty
import select
from pathlib import Path

import pytest

from hive.cli.up.logfile import LogFile
from hive.cli.up.report import BOLD, PLAIN, Report


def said(descriptor: int) -> str:
    """All that was written up to now: a terminal hands it over piece by piece."""
    pieces = [os.read(descriptor, 65536)]
    while select.select([descriptor], [], [], 0.2)[0]:
        pieces.append(os.read(descriptor, 65536))
    return b"".join(pieces).decode()


def test_a_pipe_gets_plain_lines(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    report = Report(writer, LogFile(tmp_path / "up.log"))
    report.passing("web …")
    report.child("web", "ready", "ok")
    report.line(f"  Dashboard {BOLD}http://x/{PLAIN}")
    report.quote("two\nlines")
    assert said(reader) == "hive: web: ready\nhive: Dashboard http://x/\nhive:   | two\nhive:   | lines\n"


def test_a_terminal_gets_marks_colours_and_a_passing_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    reader, writer = pty.openpty()
    report = Report(writer, LogFile(tmp_path / "up.log"))
    report.passing("web …")
    report.child("web", "ready", "ok")
    shown = said(reader)
    assert "web …" in shown
    assert "\r\033[K  \033[32m✓\033[0m web      ready" in shown


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_who_wants_no_colours_gets_none(name: str, value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    reader, writer = pty.openpty()
    Report(writer, LogFile(tmp_path / "up.log")).child("web", "ready", "ok")
    assert "\033[32m" not in said(reader)


def test_the_log_has_times_and_neither_colours_nor_secrets(tmp_path: Path) -> None:
    _, writer = os.pipe()
    report = Report(writer, LogFile(tmp_path / "up.log"))
    report.line(f"{BOLD}open{PLAIN}")
    report.line("token=abc", secret=True)
    [line] = (tmp_path / "up.log").read_text().splitlines()
    time, _, text = line.partition(" ")
    assert text == "open"
    assert time.endswith("Z")


def test_a_reader_that_does_not_read_holds_nobody_up(tmp_path: Path) -> None:
    _reader, writer = os.pipe()
    report = Report(writer, LogFile(tmp_path / "up.log"))
    for number in range(5000):  # more than a pipe holds
        report.line(f"line {number} {'x' * 80}")
    assert "line 4999" in (tmp_path / "up.log").read_text()


def test_a_terminal_that_is_gone_holds_nobody_up(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    Report(writer, LogFile(tmp_path / "up.log")).line("anybody there?")
    assert "anybody" in (tmp_path / "up.log").read_text()
