from __future__ import annotations

import os
from pathlib import Path

import pytest

from workers.sandbox import identity, process
from workers.sandbox.identity import PRIVATE_UIDS, User


@pytest.fixture
def as_if_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)


def test_an_ordinary_user_stays_who_he_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert identity.choose() is None


@pytest.mark.usefixtures("as_if_root")
def test_root_gets_a_user_of_its_own_per_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "_mapped", lambda _sort, _number: True)
    users = {identity.choose() for _ in range(20)}
    assert len(users) == 20
    assert all(user and user.private and user.uid in PRIVATE_UIDS for user in users)


@pytest.mark.usefixtures("as_if_root")
def test_where_such_users_do_not_exist_it_is_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "_mapped", lambda _sort, _number: False)
    assert identity.choose() == User(65534, 65534)
    assert not User(65534, 65534).private


def test_a_folder_can_be_entered_when_all_above_it_are_open(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    assert not identity.may_enter(tmp_path / "x")
    assert identity.may_enter(Path("/usr/bin"))


@pytest.mark.usefixtures("as_if_root")
def test_root_does_not_step_down_where_the_way_is_closed(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    assert process._user(tmp_path) is None
    assert "root (Hive runs as root" in process._warning(None)


@pytest.mark.usefixtures("as_if_root")
def test_root_steps_down_where_it_is_open_and_says_who_runs() -> None:
    user = process._user(Path("/usr/share"))
    assert user is not None
    assert "an unprivileged user" in process._warning(user)
