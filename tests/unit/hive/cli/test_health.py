from __future__ import annotations

import os
import re
import socket
import time
from pathlib import Path

import pytest

from hive import alive
from hive.cli import health, main


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HIVE_ALIVE_FILE", str(tmp_path / "alive"))
    return tmp_path / "alive"


def test_a_worker_that_touched_its_file_lately_is_well(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.touch()
    os.utime(file, (time.time() - 20, time.time() - 20))
    assert main.main(["health", "worker"]) == 0
    said = re.search(r"(\d+) s ago", capsys.readouterr().out)
    assert said is not None
    assert 20 <= int(said[1]) < 60


def test_a_worker_that_went_silent_is_not(file: Path) -> None:
    file.touch()
    os.utime(file, (time.time() - 61, time.time() - 61))
    assert health.main(["worker"]) == 1


def test_a_worker_that_has_not_said_anything_is_not_well_yet(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert health.main(["worker"]) == 1
    assert "No sign of life yet" in capsys.readouterr().err


def test_a_pool_child_that_publishes_does_not_speak_for_its_worker(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(alive.KIND, "worker")
    alive.touch("beat")
    assert not file.exists()
    alive.touch("worker")
    assert file.exists()


def test_nothing_is_touched_where_nobody_looks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(alive.KIND, "worker")
    alive.touch("worker")
    assert list(tmp_path.iterdir()) == []


def test_what_accepts_connections_is_well(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setenv("HIVE_FLOWER_PORT", str(server.getsockname()[1]))
        assert health.main(["flower"]) == 0
    assert health.main(["flower"]) == 1


def test_a_web_server_that_does_not_answer_is_not_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HIVE_PORT", "1")
    assert health.main(["web"]) == 1


def test_an_unknown_part_is_named_with_those_that_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert health.main(["weather"]) == 1
    assert "'weather'; there are web, worker" in capsys.readouterr().err
