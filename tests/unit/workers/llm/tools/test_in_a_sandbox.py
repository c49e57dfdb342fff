"""The tools that need a real sandbox: the process kind works on every Linux."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.workers.llm.tools.work import call, text_of
from workers.llm.port import ToolCall
from workers.llm.tools.bounded import Bounds
from workers.llm.tools.desk import Desk
from workers.llm.tools.files import read, write
from workers.llm.tools.port import Toolbox, ToolFailed
from workers.llm.tools.search import glob, grep
from workers.llm.tools.shell import shell
from workers.sandbox import open_sandbox

HOME = "/workspace/tasks/one"


@pytest.fixture
def desk() -> Iterator[Desk]:
    with tempfile.TemporaryDirectory(prefix="hive-test-") as folder:
        Path(folder).chmod(0o711)
        with open_sandbox("process", scratch=Path(folder), label="tools") as sandbox:
            sandbox.write(f"{HOME}/src/app.py", b"import os\n\nprint('hello')\n")
            sandbox.write(f"{HOME}/node_modules/x/y.js", b"hello\n")
            sandbox.write("README.md", b"hello from the root\n")
            yield Desk(sandbox, HOME)


def test_a_command_starts_at_home_and_its_exit_code_is_told(desk: Desk) -> None:
    assert call(shell(desk), command="ls; exit 3") == "node_modules\nsrc\n[exit code 3]"


def test_a_command_that_takes_too_long_is_ended_and_it_is_said(desk: Desk) -> None:
    assert "0.3 s" in call(shell(desk), command="sleep 30", timeout_s=0.3)


def test_the_output_of_commands_is_passed_on_as_it_comes(desk: Desk) -> None:
    seen = bytearray()
    desk.put = seen.extend
    call(shell(desk), command="echo one")
    assert bytes(seen) == b"$ echo one\none\n"


def test_a_file_is_shown_with_the_numbers_of_its_lines(desk: Desk) -> None:
    assert call(read(desk), path="src/app.py", first_line=3) == "    3\tprint('hello')\n[lines 3 to 3 of 3]"
    whole_path = f"{desk.sandbox.workspace}/README.md"
    assert call(read(desk), path=whole_path) == "    1\thello from the root"


@pytest.mark.parametrize("path", ["../../../etc/passwd", "/etc/passwd", "missing.txt", "src", "a\0b"])
def test_what_cannot_be_read_is_said_in_a_sentence(desk: Desk, path: str) -> None:
    with pytest.raises(ToolFailed, match=r"\.$"):
        call(read(desk), path=path)


def test_a_locked_file_is_not_written(desk: Desk) -> None:
    desk.locked = lambda path: "it is a test." if path.endswith("_test.py") else ""
    with pytest.raises(ToolFailed, match="it is a test"):
        call(write(desk), path="src/app_test.py", content="pass")
    call(write(desk), path="src/other.py", content="pass")
    assert text_of(desk, "src/other.py") == "pass"


def test_files_are_listed_without_what_nobody_wrote(desk: Desk) -> None:
    assert call(glob(desk), pattern="**/*.*") == "src/app.py"
    assert call(glob(desk), pattern="/workspace/*.md") == "/workspace/README.md"


def test_lines_are_found(desk: Desk) -> None:
    assert call(grep(desk), pattern="HEL+O", ignore_case=True) == "src/app.py:3:print('hello')"
    assert "Nothing matches" in call(grep(desk), pattern="absent", files="*.py")


def test_a_pattern_that_is_none_is_explained(desk: Desk) -> None:
    with pytest.raises(ToolFailed, match="grep"):
        call(grep(desk), pattern="(")


def test_long_output_is_cut_in_the_middle_and_kept_whole_in_the_workspace(desk: Desk) -> None:
    box = Toolbox([shell(desk)], Bounds(1_000, keep=desk.sandbox.write))
    answer = box.run(ToolCall("call/7", "shell", {"command": "seq 5000"}))
    assert len(answer.text) < 1_200
    assert answer.text.startswith("1\n2\n")
    assert answer.text.endswith("5000\n[exit code 0]")
    assert "/workspace/.hive/outputs/call_7.txt" in answer.text
    assert text_of(desk, "/workspace/.hive/outputs/call_7.txt").count("\n") == 5000
