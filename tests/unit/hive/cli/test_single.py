"""The verbs for single processes: what they become, and what they refuse."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hive.cli import main, single

AGREED = {
    "HIVE_SECRET_KEY": "k" * 50,
    "HIVE_DATABASE_URL": "postgresql://hive:p@db/hive",
    "HIVE_BROKER_URL": "redis://b/0",
    "HIVE_REDIS_URL": "redis://b/1",
}


class Became(BaseException):
    """Stands for the process being another program from here on."""

    def __init__(self, _path: str, argv: tuple[str, ...], environment: dict[str, str]) -> None:
        super().__init__()
        self.words = " ".join(argv)
        self.environment = environment


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An installation whose parts agree with one another."""
    for name, value in AGREED.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HIVE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HIVE_PORT", "0")

    def execve(path: str, argv: tuple[str, ...], environment: dict[str, str]) -> None:
        raise Became(path, argv, environment)

    monkeypatch.setattr(os, "execve", execve)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def became(*words: str) -> Became:
    with pytest.raises(Became) as caught:
        main.main(words)
    return caught.value


@pytest.mark.parametrize("role", list(single.Role))
def test_a_worker_serves_the_queue_of_its_role_only(settled: Path, role: str) -> None:
    words = became("worker", "run", role, "--concurrency", "3").words
    assert f" -Q {role} -c 3 -n {role}@%h " in words


def test_the_web_server_inherits_a_socket_that_listens(settled: Path) -> None:
    words = became("web").words.split()
    descriptor = int(words[words.index("--fd") + 1])
    try:
        assert os.get_inheritable(descriptor)
    finally:
        os.close(descriptor)


def test_the_others_become_their_programs(settled: Path) -> None:
    assert " beat " in became("beat").words
    assert "hive_prepare" in became("migrate").words
    assert "workers.deployment.host" in became("host").words


def test_flowers_password_is_in_its_environment_and_not_among_its_arguments(
    settled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HIVE_FLOWER_AUTH", "boss:correct-horse")
    flower = became("flower")
    assert flower.environment["FLOWER_BASIC_AUTH"] == "boss:correct-horse"
    assert "correct-horse" not in flower.words


def test_hive_down_does_not_take_a_single_process_for_a_stray(settled: Path) -> None:
    assert "HIVE_UP" not in became("beat").environment


@pytest.mark.parametrize("verb", [["web"], ["worker", "run", "coding"], ["beat"], ["migrate"], ["flower"]])
@pytest.mark.parametrize("name", list(AGREED))
def test_what_the_others_must_agree_on_is_asked_for_by_name(
    settled: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], verb: list[str], name: str
) -> None:
    monkeypatch.delenv(name)
    assert main.main(verb) == 2
    said = capsys.readouterr().err
    assert f"`hive {' '.join(verb[:2]) if len(verb) > 1 else verb[0]}`" in said
    assert f"must agree with it on {name}: set" in said


def test_a_secret_that_cannot_be_read_is_a_sentence(
    settled: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("HIVE_SECRET_KEY")
    monkeypatch.setenv("HIVE_SECRET_KEY_FILE", "/secrets/none")
    assert main.main(["web"]) == 2
    assert capsys.readouterr().err == (
        "hive: HIVE_SECRET_KEY_FILE=/secrets/none: cannot be read (No such file or directory).\n"
    )


def test_a_role_that_nobody_knows_is_refused(settled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["worker", "run", "cooking"]) == 2
    assert "cooking" in capsys.readouterr().err
