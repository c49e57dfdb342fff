"""A process that Hive speaks to through its standard input and output, as it does to an MCP server."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from tests.contract.sandbox.conftest import OpenSandbox
from tests.contract.sandbox.shell import eventually, new_mark, on_host, sh
from workers.sandbox import Ended, Sandbox, SandboxError, open_sandbox

BACK = ["sh", "-c", 'echo ready; while IFS= read -r line; do echo "you said $line"; done; echo no more']


class Heard:
    """What a process said."""

    def __init__(self) -> None:
        self.data = bytearray()

    def __call__(self, data: bytes) -> None:
        self.data += data

    def __contains__(self, text: bytes) -> bool:
        return text in self.data


@pytest.fixture
def heard() -> Heard:
    return Heard()


def test_it_answers_what_it_is_told(sandbox: Sandbox, heard: Heard) -> None:
    talking = sandbox.converse(BACK, on_output=heard)
    for word in (b"one", b"two"):
        talking.say(word + b"\n")
        assert eventually(lambda word=word: b"you said " + word in heard)
    assert talking.poll() is None
    assert talking.stop().ended is Ended.STOPPED


def test_it_begins_in_its_folder_with_its_variables(sandbox: Sandbox, heard: Heard) -> None:
    sandbox.write("part/file.txt", b"here")
    sandbox.converse(["sh", "-c", "cat file.txt; echo $COLOUR"], on_output=heard, env={"COLOUR": "blue"}, cwd="part")
    assert eventually(lambda: b"hereblue\n" in heard)


def test_much_goes_in_and_comes_back(sandbox: Sandbox, heard: Heard) -> None:
    talking = sandbox.converse(["cat"], on_output=heard)
    sent = b"0123456789abcdef" * 100_000
    talking.say(sent)
    assert eventually(lambda: len(heard.data) == len(sent))
    assert heard.data == sent


def test_one_that_ends_by_itself_is_seen(sandbox: Sandbox, heard: Heard) -> None:
    talking = sandbox.converse(["sh", "-c", "read line; exit 7"], on_output=heard)
    talking.say(b"go\n")
    assert eventually(lambda: talking.poll() is not None)
    assert talking.stop().exit_code == 7
    with pytest.raises(SandboxError):
        talking.say(b"x" * 1_000_000)


def test_one_that_does_not_read_holds_nobody_up_for_ever(sandbox: Sandbox, heard: Heard) -> None:
    talking = sandbox.converse(["sleep", "600"], on_output=heard)
    threading.Timer(0.5, lambda: talking.stop(0.0)).start()
    with pytest.raises(SandboxError):
        talking.say(b"x" * 50_000_000)


def test_a_kill_of_the_sandbox_ends_the_wait_too(sandbox: Sandbox, heard: Heard) -> None:
    talking = sandbox.converse(["sleep", "600"], on_output=heard)
    threading.Timer(0.5, lambda: sandbox.kill("canceled")).start()
    with pytest.raises(SandboxError):
        talking.say(b"x" * 50_000_000)
    with pytest.raises(SandboxError):
        sandbox.converse(BACK, on_output=heard)


def test_a_listener_that_has_heard_enough_ends_it(sandbox: Sandbox) -> None:
    def enough(_data: bytes) -> None:
        raise ValueError("That is too much.")

    mark = new_mark()
    talking = sandbox.converse(["sh", "-c", f"echo much; sleep {mark}"], on_output=enough)
    assert eventually(lambda: talking.poll() is not None)
    assert talking.stop().ended is Ended.STOPPED
    assert not on_host(mark)


def test_commands_run_beside_it(sandbox: Sandbox, heard: Heard) -> None:
    talking = sandbox.converse(BACK, on_output=heard)
    assert sh(sandbox, "cat; echo beside").text == "beside\n"
    talking.say(b"still there\n")
    assert eventually(lambda: b"you said still there" in heard)


def test_leaving_ends_it(kind: str, scratch: Path, heard: Heard) -> None:
    mark = new_mark()
    with open_sandbox(kind, scratch=scratch, label="leaving") as sandbox:
        talking = sandbox.converse(["sleep", mark], on_output=heard)
        assert eventually(lambda: on_host(mark))
    assert not on_host(mark)
    assert (result := talking.poll()) is not None
    assert result.ended is Ended.STOPPED


def test_an_ordinary_command_has_nothing_to_read(open_here: OpenSandbox) -> None:
    assert sh(open_here(), "cat; echo nothing").text == "nothing\n"
