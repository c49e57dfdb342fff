from __future__ import annotations

from pathlib import Path

import pytest

from hive.cli import flower
from hive.cli.failure import Failure
from hive.home import Home


def test_without_a_password_one_is_made_and_kept(tmp_path: Path) -> None:
    first = flower.authentication(Home(tmp_path))
    name, _, password = first["FLOWER_BASIC_AUTH"].partition(":")
    assert (name, len(password)) == ("hive", 24)
    assert flower.authentication(Home(tmp_path)) == first
    assert (tmp_path / "flower.password").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("bad", ["hive", "hive:", "hive:short", ":long-enough-password", "hive:two-passwords,in-one"])
def test_what_would_leave_it_open_is_refused_and_not_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bad: str
) -> None:
    monkeypatch.setenv("HIVE_FLOWER_AUTH", bad)
    with pytest.raises(Failure) as refused:
        flower.authentication(Home(tmp_path))
    assert "HIVE_FLOWER_AUTH is not name:password" in str(refused.value)
    assert "two-passwords" not in str(refused.value)
