"""A command runs as it was asked to, and its end is told as it was."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.sandbox.conftest import OpenSandbox
from tests.contract.sandbox.shell import py, run, sh
from tests.servers import docker
from workers.sandbox import Ended, Sandbox, SandboxError, UnsafePath


def test_a_command_that_succeeds_has_nothing_to_explain(sandbox: Sandbox) -> None:
    seen = sh(sandbox, "echo hello")
    assert seen.text == "hello\n"
    assert seen.result.ok
    assert (seen.result.exit_code, seen.result.message, seen.result.output_bytes) == (0, "", 6)


def test_a_red_command_is_a_result(sandbox: Sandbox) -> None:
    seen = sh(sandbox, "exit 3")
    assert (seen.result.exit_code, seen.result.ended, seen.result.ok) == (3, Ended.EXITED, False)
    assert seen.result.message == "It exited with 3."


def test_a_signal_is_told_as_a_shell_tells_it(sandbox: Sandbox) -> None:
    seen = sh(sandbox, "kill -SEGV $$")
    assert (seen.result.exit_code, seen.result.message) == (139, "It was ended by SIGSEGV.")


def test_a_command_that_does_not_exist_is_127_and_named(sandbox: Sandbox) -> None:
    seen = run(sandbox, "no-such-command", "--flag")
    assert seen.result.exit_code == 127
    assert "no-such-command" in seen.result.message
    assert "no-such-command" in seen.text


def test_a_file_that_may_not_be_executed_is_126(sandbox: Sandbox) -> None:
    sandbox.write("script", b"#!/bin/sh\n", mode=0o644)
    assert run(sandbox, "./script").result.exit_code == 126


def test_a_script_of_the_workspace_runs(sandbox: Sandbox) -> None:
    sandbox.write("run-tests.sh", b"#!/bin/sh\necho $#\n", mode=0o755)
    assert run(sandbox, "./run-tests.sh", "one two", "--three").text == "2\n"


def test_output_and_errors_come_in_the_order_they_were_printed(sandbox: Sandbox) -> None:
    seen = sh(sandbox, "for i in 1 2 3 4 5; do echo out $i; echo err $i >&2; done")
    assert seen.text == "".join(f"out {i}\nerr {i}\n" for i in range(1, 6))


def test_output_arrives_while_the_command_runs(sandbox: Sandbox) -> None:
    """The command waits for a file that is written only when its first words have arrived."""
    chunks: list[bytes] = []

    def answer(data: bytes) -> None:
        if not chunks:
            sandbox.write("go", b"")
        chunks.append(data)

    result = sandbox.run(
        ["sh", "-c", "echo ready; while [ ! -e go ]; do sleep 0.02; done; echo went"], timeout_s=30, on_output=answer
    )
    assert result.ok
    assert b"".join(chunks) == b"ready\nwent\n"


def test_a_command_reads_nothing_from_hive(sandbox: Sandbox) -> None:
    assert sh(sandbox, "cat; echo end").text == "end\n"


def test_no_descriptor_of_hive_comes_along(sandbox: Sandbox) -> None:
    seen = py(sandbox, "import os; print(sorted(int(n) for n in os.listdir('/proc/self/fd'))[:-1])")
    assert seen.text == "[0, 1, 2]\n"  # the last one, cut off, is the listing itself


@pytest.fixture
def ignored_signals() -> Iterator[None]:
    """Hive may have been started by something that ignores signals, ordinary and real-time ones."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGUSR2, signal.SIGRTMAX)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_signals_are_as_a_shell_leaves_them(ignored_signals: None, open_here: OpenSandbox) -> None:
    """But for 32 and 33: the C library keeps them for itself, so that no program can set them back."""
    seen = sh(open_here(), "grep -E 'SigIgn|SigBlk' /proc/self/status")
    own = 1 << 31 | 1 << 32
    assert [int(line.split()[1], 16) & ~own for line in seen.text.splitlines()] == [0, 0]


def test_the_environment_is_built_from_nothing(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HIVE_SECRET_KEY", "do not tell")
    names = {line.split("=")[0] for line in sh(sandbox, "env").text.splitlines()}
    expected = {"PATH", "HOME", "TMPDIR", "USER", "LANG", "TERM", "CI", "HIVE_SANDBOX", "HIVE_WORKSPACE"}
    assert names - {"PWD", "OLDPWD", "SHLVL", "_"} - of_the_image(sandbox) == expected


def of_the_image(sandbox: Sandbox) -> set[str]:
    """A container's image sets variables too; its engine says the host's name."""
    if sandbox.kind != "docker":
        return set()
    with docker.engine() as client:
        env = client.images.get(docker.PYTHON_IMAGE).attrs["Config"]["Env"]
    return {variable.split("=")[0] for variable in env} - {"PATH", "LANG"} | {"HOSTNAME"}


@pytest.mark.parametrize("value", ["two\nlines", "a 'b' \"c\" $d `e`", "--option", "", "ünï 🐝", "x" * 100_000])
def test_a_variable_arrives_as_it_is(sandbox: Sandbox, value: str) -> None:
    seen = py(sandbox, "import os; print(ascii(os.environ['VALUE']))", env={"VALUE": value})
    assert seen.text == f"{value!a}\n"


@pytest.mark.parametrize("env", [{"A=B": "c"}, {"": "c"}, {"A": "b\0c"}, {"1A": "b"}, {"A": "x" * 200_000}])
def test_a_variable_that_no_process_can_have_is_refused(sandbox: Sandbox, env: dict[str, str]) -> None:
    with pytest.raises(SandboxError) as caught:
        run(sandbox, "true", env=env)
    assert caught.value.permanent


def test_a_caller_cannot_change_who_the_sandbox_is(sandbox: Sandbox) -> None:
    seen = sh(sandbox, 'echo "$HIVE_WORKSPACE"; pwd', env={"HIVE_WORKSPACE": "/elsewhere", "HIVE_SANDBOX": "other"})
    assert seen.text.splitlines() == [sandbox.workspace, sandbox.workspace]


def test_variables_of_the_command_are_not_those_of_hives_processes(sandbox: Sandbox) -> None:
    """A library that cannot be loaded would make every program print an error, bwrap and the keeper included."""
    seen = run(sandbox, "true", env={"LD_PRELOAD": "/no/such.so", "PYTHONHOME": "/nowhere", "BASH_ENV": "/no"})
    assert seen.result.exit_code == 0
    assert run(sandbox, "true").text == ""


def test_the_callers_path_finds_the_command(sandbox: Sandbox) -> None:
    sandbox.write("bin/hello", b"#!/bin/sh\necho mine\n", mode=0o755)
    assert run(sandbox, "hello", env={"PATH": f"{sandbox.workspace}/bin:/usr/bin:/bin"}).text == "mine\n"


def test_a_command_starts_in_the_workspace_or_below_it(sandbox: Sandbox) -> None:
    sandbox.write("src/deep/file", b"")
    assert sh(sandbox, "pwd").text.strip() == sandbox.workspace
    for cwd in ("/workspace/src/deep", "src/deep"):
        assert sh(sandbox, "pwd", cwd=cwd).text.strip() == f"{sandbox.workspace}/src/deep"


def test_a_folder_that_is_not_there_is_the_callers_mistake(sandbox: Sandbox) -> None:
    seen = sh(sandbox, "pwd", cwd="/workspace/missing")
    assert seen.result.exit_code == 126
    assert "missing" in seen.result.message


@pytest.mark.parametrize("cwd", ["/etc", "../..", "/workspace/../etc", "a\0b"])
def test_a_folder_outside_the_workspace_is_refused(sandbox: Sandbox, cwd: str) -> None:
    with pytest.raises(UnsafePath):
        sh(sandbox, "pwd", cwd=cwd)


@pytest.mark.parametrize("argv", [[], [""], "echo hello", ["echo", "a\0b"]])
def test_a_command_is_a_list_of_arguments(sandbox: Sandbox, argv: list[str]) -> None:
    with pytest.raises(SandboxError):
        sandbox.run(argv, timeout_s=5, on_output=lambda _data: None)


def test_there_is_a_python3_and_a_home_and_a_place_for_temporary_files(sandbox: Sandbox) -> None:
    seen = sh(
        sandbox, "python3 -c 'import json, ssl, sqlite3' && touch $HOME/x $TMPDIR/y $HIVE_WORKSPACE/z && echo fine"
    )
    assert seen.text == "fine\n"


def test_files_stay_from_one_command_to_the_next(sandbox: Sandbox) -> None:
    sh(sandbox, "echo one > a; echo two > $TMPDIR/b; echo three > $HOME/c")
    assert sh(sandbox, "cat a $TMPDIR/b $HOME/c").text == "one\ntwo\nthree\n"


def test_what_on_output_raises_ends_the_command_and_comes_out(sandbox: Sandbox) -> None:
    class LeaseLost(Exception):
        pass

    def refuse(_data: bytes) -> None:
        raise LeaseLost

    with pytest.raises(LeaseLost):
        sandbox.run(["sh", "-c", "echo x; sleep 600"], timeout_s=600, on_output=refuse)
    assert sh(sandbox, "echo still here").text == "still here\n"


def test_one_command_at_a_time(sandbox: Sandbox) -> None:
    begun = threading.Event()
    first = threading.Thread(
        target=sandbox.run,
        args=(["sh", "-c", "echo x; while [ ! -e go ]; do sleep 0.02; done"],),
        kwargs={"timeout_s": 30, "on_output": lambda _data: begun.set()},
    )
    first.start()
    begun.wait(30)
    with pytest.raises(SandboxError, match="one at a time"):
        run(sandbox, "true")
    sandbox.write("go", b"")
    first.join()
    assert run(sandbox, "true").result.ok


def test_a_sandbox_outlives_the_thread_that_opened_it(open_here: OpenSandbox) -> None:
    """Parent-death signals fire when the thread that forked ends: nothing in here may hang on one."""
    opened: list[Sandbox] = []
    opener = threading.Thread(target=lambda: opened.append(open_here()))
    opener.start()
    opener.join()
    assert sh(opened[0], "echo alive").text == "alive\n"


def test_many_commands_leave_no_descriptor_and_no_process_behind(sandbox: Sandbox) -> None:
    run(sandbox, "true")
    before = open_descriptors()
    for _ in range(30):
        assert run(sandbox, "true").result.ok
    assert open_descriptors() <= before + 1  # the last command's socket may close a moment later


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))
