from __future__ import annotations

import os
from pathlib import Path

import pytest

from hive.cli.failure import Failure
from hive.cli.up import checks
from hive.home import Home


def test_the_folders_of_a_new_home_are_made_and_private_where_they_hold_secrets(tmp_path: Path) -> None:
    home = Home(tmp_path / "a" / "b")
    checks.make_home(home)
    checks.make_home(home)
    modes = {folder.name: folder.stat().st_mode & 0o777 for folder in home.root.iterdir()}
    assert modes == {"run": 0o711, "logs": 0o700, "valkey": 0o700}
    assert list(home.logs.iterdir()) == []


@pytest.mark.parametrize("name", ["", "run", "logs", "valkey"])
def test_a_file_in_the_way_is_named(tmp_path: Path, name: str) -> None:
    home = Home(tmp_path / "home")
    in_the_way = home.root / name
    in_the_way.parent.mkdir(exist_ok=True)
    in_the_way.write_text("")
    with pytest.raises(Failure, match=f"{in_the_way}: a file is in the way"):
        checks.make_home(home)


def test_a_file_that_another_user_made_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(tmp_path)
    checks.make_home(home)
    home.database.touch()
    monkeypatch.setattr(os, "access", lambda path, _mode: Path(path) != home.database)
    with pytest.raises(Failure, match=rf"{home.database} cannot be written by this user\. .*chown"):
        checks.make_home(home)


def test_another_system_than_linux_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    with pytest.raises(Failure, match="runs on Linux; this is darwin"):
        checks.check_machine()


def test_every_setting_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    checks.check_settings()
    monkeypatch.setenv("HIVE_LEASE_S", "soon")
    with pytest.raises(Failure, match="HIVE_LEASE_S='soon': use a number of seconds"):
        checks.check_settings()
