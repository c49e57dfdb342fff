from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from hive.cli.up.announce import Announcer
from hive.cli.up.installation import Installation
from hive.cli.up.logfile import LogFile
from hive.cli.up.report import Report
from hive.home import Home


class Announced:
    def __init__(self, tmp_path: Path) -> None:
        (tmp_path / "run").mkdir()
        self.log = tmp_path / "up.log"
        self.ready = 0
        self.reader, writer = os.pipe()
        self.json_reader, self.json_writer = os.pipe()
        installation = Installation(Home(tmp_path), "127.0.0.1", 8000, 64)
        report = Report(writer, LogFile(self.log))
        self.announcer = Announcer(installation, report, self.json_writer, False, self._ready)

    def _ready(self) -> None:
        self.ready += 1

    def says(self, results: dict[str, str]) -> tuple[str, dict[str, object]]:
        self.announcer.ready(results, 1.23)
        return os.read(self.reader, 65536).decode(), json.loads(os.read(self.json_reader, 65536))


@pytest.fixture
def announced(tmp_path: Path) -> Announced:
    return Announced(tmp_path)


def test_the_way_to_sign_in_comes_from_the_last_line_of_who_ran_once(announced: Announced) -> None:
    shown, said = announced.says({"prepare": 'migrating\n{"sign_in": "/in/?t=1", "api_key_file": "/k"}'})
    assert "http://127.0.0.1:8000/in/?t=1" in shown
    assert (said["sign_in"], said["api_key_file"]) == ("http://127.0.0.1:8000/in/?t=1", "/k")
    assert announced.ready == 1


@pytest.mark.parametrize("output", ["", "done", "[1]", '{"sign_in"', "null"])
def test_without_one_nothing_is_promised(announced: Announced, output: str) -> None:
    shown, said = announced.says({"prepare": output})
    assert "Sign in" not in shown
    assert said["sign_in"] is None


def test_a_program_that_reads_no_more_does_not_end_hive(announced: Announced) -> None:
    os.close(announced.json_reader)
    announced.announcer.ready({}, 1.0)
    assert announced.ready == 1
