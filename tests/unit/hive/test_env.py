from __future__ import annotations

from pathlib import Path

import pytest

from hive import env

SETTING = env.Setting("HIVE_X", "default", env.text, "")


def test_a_file_gives_the_value_where_the_variable_is_missing_or_empty(tmp_path: Path) -> None:
    """Compose passes variables on that nobody has set: they arrive empty."""
    (tmp_path / "x").write_text("from the file\n")
    file = {"HIVE_X_FILE": str(tmp_path / "x")}
    assert env.read(SETTING, file) == "from the file"
    assert env.read(SETTING, {**file, "HIVE_X": ""}) == "from the file"


def test_a_variable_that_holds_something_goes_before_its_file(tmp_path: Path) -> None:
    assert env.read(SETTING, {"HIVE_X": "said", "HIVE_X_FILE": str(tmp_path / "none")}) == "said"


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(env.BadSetting, match=r"HIVE_X_FILE=.*/none: cannot be read \(No such file"):
        env.read(SETTING, {"HIVE_X_FILE": str(tmp_path / "none")})
