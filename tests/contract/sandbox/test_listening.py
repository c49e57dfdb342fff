"""A socket of Hive's on the sandbox's own loopback, and programs of this machine: what a tool needs that talks back."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest

from tests.contract.sandbox.conftest import OpenSandbox
from workers.sandbox import Sandbox, SandboxError, open_sandbox

CALL = (
    "import socket, sys; s = socket.create_connection(('127.0.0.1', int(sys.argv[1])), 5); print(s.recv(99).decode())"
)
SCRIPT = "#!/bin/sh\necho from outside: $1\n"


def said(sandbox: Sandbox, *argv: str) -> str:
    printed = bytearray()
    sandbox.run(argv, timeout_s=20, on_output=printed.extend)
    return printed.decode()


def greet_once(listener: socket.socket) -> None:
    visitor, _ = listener.accept()
    with visitor:
        visitor.sendall(b"hello from Hive")


def test_a_command_without_network_reaches_the_socket_that_hive_holds(open_local: OpenSandbox) -> None:
    sandbox = open_local()
    with sandbox.listen() as listener:
        threading.Thread(target=greet_once, args=(listener,), daemon=True).start()
        assert said(sandbox, "python3", "-c", CALL, str(listener.getsockname()[1])) == "hello from Hive\n"


def test_a_port_of_one_sandbox_is_none_of_this_machine_or_another_sandbox(
    bubblewrap: str, open_kind: OpenSandbox
) -> None:
    with open_kind(bubblewrap).listen() as listener:
        port = listener.getsockname()[1]
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), 2)
        assert "refused" in said(open_kind(bubblewrap), "python3", "-c", CALL, str(port))


def test_after_the_end_of_the_sandbox_there_is_nothing_to_listen_on(open_local: OpenSandbox) -> None:
    sandbox = open_local()
    sandbox.kill("It is over.")
    with pytest.raises(SandboxError):
        sandbox.listen()


@pytest.fixture
def program(scratch: Path) -> Path:
    file = scratch / "elsewhere.sh"
    file.write_text(SCRIPT)
    file.chmod(0o755)
    return file


def test_a_program_of_this_machine_is_found_by_its_name(local_kind: str, scratch: Path, program: Path) -> None:
    """In a container: test_docker_programs.py."""
    with open_sandbox(local_kind, scratch=scratch, label="with", programs={"greeter": program}) as sandbox:
        assert said(sandbox, "greeter", "hi") == "from outside: hi\n"


def test_a_program_of_this_machine_cannot_be_changed(bubblewrap: str, scratch: Path, program: Path) -> None:
    program.chmod(0o777)
    with open_sandbox(bubblewrap, scratch=scratch, label="with", programs={"greeter": program}) as sandbox:
        said(sandbox, "sh", "-c", 'echo changed > "$(command -v greeter)"')
    assert program.read_text() == SCRIPT
