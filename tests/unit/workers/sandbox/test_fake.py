from __future__ import annotations

import threading
from pathlib import Path

import pytest

from workers.sandbox.fake import Answer, Call, FakeSandbox
from workers.sandbox.port import Ended, Sandbox, SandboxError, UnsafePath


def test_it_is_a_sandbox() -> None:
    sandbox: Sandbox = FakeSandbox()
    assert sandbox.kind == "fake"


def test_it_answers_from_its_script_and_remembers_what_was_asked() -> None:
    printed = bytearray()
    answer = Answer(1, b"1 failed\n", writes={"report.xml": b"<testsuite/>"})
    with FakeSandbox({"./run-tests.sh -q": answer}) as sandbox:
        result = sandbox.run(["./run-tests.sh", "-q"], timeout_s=5, on_output=printed.extend, env={"A": "b"}, cwd="src")
        assert (result.exit_code, result.message, bytes(printed)) == (1, "It exited with 1.", b"1 failed\n")
        assert sandbox.read("report.xml", 100) == b"<testsuite/>"
        assert sandbox.calls == [Call(["./run-tests.sh", "-q"], {"A": "b"}, "src")]


def test_a_command_without_an_answer_is_not_found() -> None:
    with FakeSandbox() as sandbox:
        assert sandbox.run(["make"], timeout_s=5, on_output=lambda _data: None).exit_code == 127


def test_it_refuses_what_a_real_one_refuses() -> None:
    with FakeSandbox() as sandbox:
        with pytest.raises(UnsafePath):
            sandbox.run(["ls"], timeout_s=5, on_output=lambda _data: None, cwd="/etc")
        with pytest.raises(SandboxError):
            sandbox.run(["ls"], timeout_s=5, on_output=lambda _data: None, env={"A B": ""})


@pytest.mark.parametrize(("no_output_s", "ended"), [(None, Ended.TIMED_OUT), (0.01, Ended.NO_OUTPUT)])
def test_a_command_that_hangs_runs_out_of_time(no_output_s: float | None, ended: Ended) -> None:
    with FakeSandbox(lambda _argv: Answer(hangs=True)) as sandbox:
        result = sandbox.run(["hang"], timeout_s=0.05, no_output_s=no_output_s, on_output=lambda _data: None)
        assert result.ended is ended


def test_a_command_that_hangs_can_be_killed_from_another_thread() -> None:
    with FakeSandbox({"hang": Answer(output=b"x", hangs=True)}) as sandbox:
        killer = threading.Thread(target=sandbox.kill, args=("canceled",))
        result = sandbox.run(["hang"], timeout_s=60, on_output=lambda _data: killer.start())
        killer.join()
        assert (result.ended, result.message) == (Ended.STOPPED, "canceled")


def test_a_process_lives_until_it_is_stopped(tmp_path: Path) -> None:
    with FakeSandbox({"serve": Answer(output=b"up\n", hangs=True)}) as sandbox:
        running = sandbox.start(["serve"], port=8080, log=tmp_path / "log")
        assert (running.address, running.poll()) == (("tcp", "127.0.0.1", 8080), None)
        assert running.stop().ended is Ended.STOPPED
        assert (tmp_path / "log").read_bytes() == b"up\n"
