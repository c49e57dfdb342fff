from __future__ import annotations

import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hive.cli.doctor import disk, programs, sandboxes, surroundings
from hive.cli.doctor.command import look
from hive.cli.doctor.finding import Finding, Level, ok
from hive.cli.doctor.valkey_server import Trial
from hive.home import Home
from tests.flows.up.running import REPOSITORY
from tests.servers.docker import require_engine


def level(findings: list[Finding]) -> Level:
    [finding] = findings
    return finding.level


def test_a_check_that_fails_itself_is_a_failure_and_the_others_go_on() -> None:
    def breaks() -> list[Finding]:
        raise ZeroDivisionError("division by zero")

    broken, fine = look({"a": breaks, "b": lambda: ok("b", "fine")})
    assert (broken.level, fine.level) == (Level.FAIL, Level.OK)
    assert "ZeroDivisionError: division by zero" in broken.seen


def test_a_check_that_hangs_is_left_behind() -> None:
    began_at = time.monotonic()
    [late] = look({"engine": lambda: time.sleep(30) or []}, patience_s=0.2)
    assert late.level is Level.WARN
    assert "no answer" in late.seen
    assert time.monotonic() - began_at < 10


def test_checks_run_side_by_side() -> None:
    import threading

    both = threading.Barrier(2, timeout=20)
    meets: Callable[[], list[Finding]] = lambda: ok("x", str(both.wait() >= 0))  # noqa: E731
    assert [finding.seen for finding in look({"a": meets, "b": meets})] == ["True", "True"]


def test_missing_git_fails_with_how_to_install_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    [finding] = programs.check_git()
    assert (finding.level, finding.to_do) == (Level.FAIL, "apt-get install git")


@pytest.mark.parametrize(("said", "expected"), [("git version 2.20.1", Level.WARN), ("git version 2.39.5", Level.OK)])
def test_an_old_git_is_a_warning(said: str, expected: Level, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "first_line", lambda *_: said)
    assert level(programs.check_git()) is expected


def test_opencode_is_not_needed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("HIVE_OPENCODE", raising=False)
    assert level(programs.check_opencode()) is Level.OK


def test_an_opencode_that_is_named_and_is_not_there_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HIVE_OPENCODE", "/nowhere/opencode")
    (finding,) = programs.check_opencode()
    assert (finding.level, "HIVE_OPENCODE=/nowhere/opencode is no program" in finding.seen) == (Level.WARN, True)


def test_opencodes_version_and_place_are_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    binary = tmp_path / "opencode"
    binary.write_bytes(b"\x7fELF")
    binary.chmod(0o755)
    monkeypatch.setenv("HIVE_OPENCODE", str(binary))
    monkeypatch.setattr(programs, "first_line", lambda *argv: f"1.18.33 {argv[1]}")
    assert programs.check_opencode()[0].seen.startswith(f"1.18.33 --version at {binary}")


def test_the_disk_is_tried_without_leaving_anything(tmp_path: Path) -> None:
    home = Home(tmp_path / "not" / "yet")
    for check in (disk.check_room, disk.check_writing, disk.check_wal):
        assert level(check(home)) is Level.OK
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 1_000_000}))
    assert level(disk.check_room(Home(tmp_path))) is Level.FAIL
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 40_000_000}))
    assert level(disk.check_room(Home(tmp_path))) is Level.WARN


def test_a_file_system_without_wal_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(disk, "_try_wal", lambda _: ("delete", 1))
    assert level(disk.check_wal(Home(tmp_path))) is Level.FAIL

    def fails(_: Path) -> tuple[str, int]:
        raise sqlite3.OperationalError("locking protocol")

    monkeypatch.setattr(disk, "_try_wal", fails)
    assert "locking protocol" in disk.check_wal(Home(tmp_path))[0].seen


def test_a_network_file_system_is_a_warning(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(disk, "file_system", lambda _: "nfs4")
    assert level(disk.check_wal(Home(tmp_path))) is Level.WARN


def test_the_kind_of_a_file_system_is_that_of_the_nearest_mount() -> None:
    assert disk.file_system(Path("/proc/self")) == "proc"


def test_a_misspelt_setting_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HIVE_PROT", "8001")
    found = {finding.seen: finding.to_do for finding in surroundings.check_settings()}
    assert found["HIVE_PROT is not a setting of Hive"] == "Did you mean HIVE_PORT?"


def test_a_setting_that_cannot_be_read_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HIVE_PORT", "high")
    assert Level.FAIL in [finding.level for finding in surroundings.check_settings()]


@pytest.mark.parametrize(
    ("model", "key", "expected"),
    [("", "", Level.OK), ("openai/gpt", "", Level.WARN), ("openai/gpt", "k", Level.OK)],
)
def test_a_model_needs_a_key(model: str, key: str, expected: Level, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HIVE_MODEL", model)
    monkeypatch.setenv("HIVE_MODEL_API_KEY", key)
    [finding] = surroundings.check_model()
    assert finding.level is expected
    assert finding.to_do if not key else not finding.to_do


def test_a_busy_port_is_a_warning(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        monkeypatch.setenv("HIVE_PORT", str(busy.getsockname()[1]))
        assert level(surroundings.check_port(Home(tmp_path))) is Level.WARN


def test_a_sandbox_kind_that_cannot_be_used_says_why() -> None:
    found = sandboxes._describe("bubblewrap", False, True, "apt-get install bubblewrap", "process")
    assert (found.level, found.to_do) == (Level.WARN, "apt-get install bubblewrap")


def test_a_kind_without_isolation_is_a_warning_only_where_jobs_get_it() -> None:
    assert sandboxes._describe("process", True, False, "it does not isolate", "process").level is Level.WARN
    assert sandboxes._describe("process", True, False, "it does not isolate", "bubblewrap").level is Level.OK


def test_no_engine_is_fine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")
    [finding] = sandboxes.check_engine()
    assert finding.level is Level.OK
    assert "not needed" in finding.seen


def test_no_engine_is_a_failure_where_jobs_need_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")
    monkeypatch.setenv("HIVE_SANDBOX", "docker")
    [finding] = sandboxes.check_engine()
    assert finding.level is Level.FAIL
    assert "DOCKER_HOST" in finding.to_do


def test_an_engine_is_told_by_its_version_and_by_what_it_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    require_engine()
    monkeypatch.setenv("HIVE_SANDBOX", "docker")
    engine, sandbox = sandboxes.check_engine()
    assert (engine.level, sandbox.level) == (Level.OK, Level.OK)
    assert engine.seen.startswith("engine ")
    assert "were tried and hold" in sandbox.seen


def test_an_image_that_the_engine_lacks_is_named_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    require_engine()
    monkeypatch.setenv("HIVE_SANDBOX", "docker")
    monkeypatch.setenv("HIVE_DOCKER_PULL", "never")
    monkeypatch.setenv("HIVE_DOCKER_IMAGE", "acme/missing:1")
    _engine, sandbox = sandboxes.check_engine()
    assert (sandbox.level, "docker pull acme/missing:1" in sandbox.to_do) == (Level.FAIL, True)


def in_a_process(script: str) -> str:
    """The trial of Valkey wants the main thread of a process that has no other."""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=REPOSITORY, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_valkey_is_started_asked_and_gone() -> None:
    script = """
from hive.cli import processes
from hive.cli.doctor.valkey_server import Trial
with Trial() as trial:
    print(trial.check()[0].level.value)
    folder = trial._folder.name
import os
print(os.path.exists(folder), processes.children())
"""
    assert in_a_process(script) == "ok\nFalse []\n"


def test_a_valkey_that_cannot_start_says_why() -> None:
    script = """
from hive.cli import valkey
from hive.cli.doctor.valkey_server import Trial
valkey.command = lambda *_: ("sh", "-c", "echo no such libc; exit 1")
with Trial() as trial:
    [finding] = trial.check()
print(finding.level.value, finding.seen)
"""
    assert in_a_process(script) == "fail does not answer; it said: no such libc\n"


def test_valkey_is_not_tried_where_servers_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HIVE_BROKER_URL", "redis://elsewhere/0")
    monkeypatch.setenv("HIVE_REDIS_URL", "redis://elsewhere/1")
    with Trial() as trial:
        assert "not needed" in trial.check()[0].seen
