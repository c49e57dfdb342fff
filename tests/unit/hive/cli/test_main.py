from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from hive.cli import main, refuse_old_python
from hive.cli.failure import Failure


def hive(*arguments: str) -> int:
    return main.main(arguments)


def test_help_names_every_verb(capsys: pytest.CaptureFixture[str]) -> None:
    assert hive("--help") == 0
    shown = capsys.readouterr().out
    assert all(f"  {verb} " in shown for verb in ("up", "down", "status", "doctor"))


def test_without_arguments_it_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert hive() == 0
    assert "Usage: hive" in capsys.readouterr().out


def test_it_knows_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert hive("--version") == 0
    assert capsys.readouterr().out.startswith("hive 0.")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["statsu"], "No such command 'statsu'. Did you mean 'status'?"),
        (["up", "--prot", "1"], "No such option '--prot'. Did you mean '--port'?"),
        (["down", "--zzz"], "No such option '--zzz'. See `hive down --help`."),
        (["up", "--port", "70000"], "Invalid value for '--port'"),
        (["up", "--port", "x"], "Invalid value for '--port'"),
        (["status", "more"], "unexpected extra argument"),
    ],
)
def test_wrong_arguments_are_one_sentence_and_2(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert hive(*arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("hive: ")
    assert complaint in shown.err
    assert shown.err.count("\n") == 1


def raising(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """`hive down` meets this error."""

    def fails(*_: object) -> bool:
        raise error

    monkeypatch.setattr("hive.cli.down.lock.is_held", fails)


def test_a_failure_is_its_sentence_and_its_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    raising(monkeypatch, Failure("The moon is full; wait.", exit_code=3))
    assert hive("down") == 3
    assert capsys.readouterr().err == "hive: The moon is full; wait.\n"


def test_a_setting_that_cannot_be_read_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HIVE_HOME", "~nobody-of-this-name/hive")
    assert hive("status") == 2
    assert "HIVE_HOME" in capsys.readouterr().err


def test_a_bug_is_a_sentence_too_and_shows_its_place_on_demand(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    raising(monkeypatch, ZeroDivisionError("division by zero"))
    assert hive("down") == 2
    assert "Traceback" not in capsys.readouterr().err
    monkeypatch.setenv("HIVE_DEBUG", "1")
    assert hive("down") == 2
    assert "Traceback" in capsys.readouterr().err


def test_ctrl_c_is_130_and_silent(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    raising(monkeypatch, KeyboardInterrupt())
    assert hive("down") == 130
    assert capsys.readouterr().err == ""


def test_the_frame_imports_neither_django_nor_anything_heavy(root: Path) -> None:
    heavy = ["django", "rich", "httpx", "pydantic", "celery", "redis", "asyncio", "docker"]
    script = (
        f"from hive.cli import main; main.main(['--help']); import sys; print([m for m in {heavy} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=root, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_supervisor_imports_even_less(root: Path) -> None:
    heavy = ["django", "typer", "rich", "asyncio", "ssl", "hashlib", "http"]
    script = f"import hive.cli.up.launch, sys; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=root, check=True)
    assert done.stdout == "[]\n"


def test_an_old_python_is_refused_with_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        refuse_old_python((3, 9))
    assert stop.value.code == 2
    assert "needs Python 3.11 or newer; this is 3.9" in capsys.readouterr().err
