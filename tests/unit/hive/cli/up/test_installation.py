from __future__ import annotations

from pathlib import Path

import pytest

from hive.cli.up.installation import Installation, host_name
from hive.home import Home


@pytest.mark.parametrize(
    ("bind", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000/"),
        ("0.0.0.0", "http://127.0.0.1:8000/"),
        ("::", "http://[::1]:8000/"),
        ("::1", "http://[::1]:8000/"),
        ("192.0.2.7", "http://192.0.2.7:8000/"),
    ],
)
def test_the_address_that_is_shown_can_be_opened_here(bind: str, url: str, tmp_path: Path) -> None:
    assert Installation(Home(tmp_path), bind, 8000, 64).url == url


@pytest.mark.parametrize(
    ("hosts", "address", "name"),
    [
        ("localhost,127.0.0.1", "127.0.0.1", "127.0.0.1"),
        ("hive.example", "127.0.0.1", "hive.example"),
        (".hive.example,other", "127.0.0.1", "hive.example"),
        ("*", "127.0.0.1", "127.0.0.1"),
        ("[::1]", "::1", "[::1]"),
    ],
)
def test_the_web_server_is_asked_under_a_name_that_it_answers_to(
    hosts: str, address: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HIVE_HOSTS", hosts)
    assert host_name(address) == name


def test_paths_of_settings_are_those_of_the_caller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HIVE_TEMPLATES", "mine,https://git.example/templates.git")
    monkeypatch.setenv("HIVE_SECRET_KEY_FILE", "key")
    environment = Installation(Home(tmp_path / "home"), "127.0.0.1", 8000, 64).environment()
    assert environment["HIVE_TEMPLATES"] == f"{tmp_path}/mine,https://git.example/templates.git"
    assert environment["HIVE_SECRET_KEY_FILE"] == f"{tmp_path}/key"


def test_children_never_take_the_current_folder_for_hives_code(tmp_path: Path) -> None:
    environment = Installation(Home(tmp_path), "127.0.0.1", 8000, 64).environment()
    assert environment["PYTHONSAFEPATH"] == "1"
    assert environment["HIVE_UP"] == environment["HIVE_HOME"] == str(tmp_path)
