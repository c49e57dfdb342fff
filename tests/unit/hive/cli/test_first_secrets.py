from __future__ import annotations

import json
import stat
from pathlib import Path
from urllib.parse import urlsplit

from hive.cli import main


def make(folder: Path) -> dict[str, str]:
    assert main.main(["secrets", str(folder)]) == 0
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_the_first_start_makes_them_and_later_ones_keep_them(tmp_path: Path) -> None:
    first = make(tmp_path)
    assert make(tmp_path) == first


def test_two_installations_have_nothing_in_common(tmp_path: Path) -> None:
    one, other = make(tmp_path / "one"), make(tmp_path / "other")
    assert not {value for value in one.values() if value in other.values()}


def test_passwords_are_long_and_printed_nowhere(tmp_path: Path, capsys: object) -> None:
    made = make(tmp_path)
    random = [made[name] for name in ("hive/secret_key", "postgres/password", "valkey/password", "store/secret_key")]
    assert all(len(value) >= 32 for value in random)
    assert capsys.readouterr().out == ""  # type: ignore[attr-defined]


def test_only_their_owner_reads_them_and_other_programs_read_only_their_configuration(tmp_path: Path) -> None:
    make(tmp_path)
    modes = {str(path.relative_to(tmp_path)): stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*.*")}
    assert modes == {"valkey/valkey.conf": 0o444, "store/s3.json": 0o444}
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.glob("hive/*")} == {0o600}


def test_both_sides_of_each_door_get_the_same_key(tmp_path: Path) -> None:
    made = make(tmp_path)
    assert urlsplit(made["hive/database_url"]).password == made["postgres/password"]
    assert f"requirepass {urlsplit(made['hive/broker_url']).password}\n" in made["valkey/valkey.conf"]
    (identity,) = json.loads(made["store/s3.json"])["identities"]
    assert urlsplit(made["hive/store_url"]).password == identity["credentials"][0]["secretKey"]


def test_a_start_that_was_killed_halfway_is_put_right_by_the_next(tmp_path: Path) -> None:
    first = make(tmp_path)
    (tmp_path / "hive" / "database_url").unlink()
    (tmp_path / "valkey" / "valkey.conf").chmod(0o600)
    (tmp_path / "valkey" / "valkey.conf").write_text("requirepa")
    assert make(tmp_path) == first


def test_a_password_that_was_there_before_is_used(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "password").write_text("mine-and-long-enough\n")
    assert "hive:mine-and-long-enough@postgres" in make(tmp_path)["hive/database_url"]
