"""Programs of this machine in a container, and what listens in there for Hive."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.contract.sandbox.conftest import need
from tests.contract.sandbox.shell import run, sh
from tests.contract.sandbox.test_docker_container import ROOT
from tests.servers import opencode
from tests.servers.docker import engine
from workers.coding.engines.opencode import launch
from workers.coding.engines.opencode.fit import fitting
from workers.coding.engines.port import EngineFailed
from workers.sandbox import Sandbox, open_sandbox
from workers.sandbox.docker import janitor
from workers.sandbox.docker.engine import Engine

SCRIPT = "#!/bin/sh\necho from outside: $1\n"


@pytest.fixture
def ours() -> Iterator[Engine]:
    """An installation of this test's own, whose volumes go with it."""
    need("docker")
    ours = Engine(installation=f"test-{os.urandom(6).hex()}")
    yield ours
    with engine() as client:
        for volume in client.volumes.list(filters={"label": f"hive.home={ours.installation}"}):
            volume.remove()


@pytest.fixture
def program(tmp_path: Path) -> Path:
    file = tmp_path / "elsewhere.sh"
    file.write_text(SCRIPT)
    return file


def left(ours: Engine) -> list[str]:
    """Which volumes there are, and containers of no use."""
    mine = {"label": f"hive.home={ours.installation}"}
    with engine() as client:
        containers = client.containers.list(all=True, filters=mine, ignore_removed=True)
        return [each.name for each in (*containers, *client.volumes.list(filters=mine))]


def with_greeter(ours: Engine, scratch: Path, program: Path, label: str = "with") -> Sandbox:
    return open_sandbox("docker", scratch=scratch, label=label, engine=ours, programs={"greeter": program})


def test_a_program_is_found_by_its_name_cannot_be_changed_and_is_brought_once(
    ours: Engine, scratch: Path, program: Path
) -> None:
    with with_greeter(ours, scratch, program) as sandbox:
        assert run(sandbox, "greeter", "hi").text == "from outside: hi\n"
        assert sh(sandbox, "greeter again").text == "from outside: again\n"
        assert "Read-only file system" in sh(sandbox, 'echo changed >"$(command -v greeter)"x').text
    [volume] = left(ours)
    assert volume.startswith("hive-programs-")
    assert janitor.sweep(ours, set) == []
    with with_greeter(ours, scratch, program) as sandbox:
        assert run(sandbox, "greeter", "hi").result.ok
    assert left(ours) == [volume]


def test_two_who_bring_the_same_at_once_do_not_disturb_one_another(ours: Engine, scratch: Path, program: Path) -> None:
    def greet(number: int) -> str:
        with with_greeter(ours, scratch, program, f"box-{number}") as sandbox:
            return run(sandbox, "greeter", "hi").text

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(greet, range(2))) == ["from outside: hi\n"] * 2
    assert len(left(ours)) == 1


DYING = """
import os, sys
from pathlib import Path
import docker
from workers.sandbox import open_sandbox
from workers.sandbox.docker import programs
from workers.sandbox.docker.engine import Engine
scratch, installation, program = sys.argv[1:]
docker.APIClient.wait = lambda *_, **__: os.kill(os.getpid(), 9)
programs._PUBLISH = "import time; time.sleep(600)"
with open_sandbox("docker", scratch=Path(scratch), label="job-8-abc", engine=Engine(installation=installation),
                  programs={"greeter": Path(program)}):
    pass
"""


def test_one_who_dies_while_he_brings_them_is_nobodys_trouble(ours: Engine, scratch: Path, program: Path) -> None:
    argv = [sys.executable, "-c", DYING, os.fspath(scratch), ours.installation, os.fspath(program)]
    assert subprocess.run(argv, cwd=ROOT, check=False).returncode == -signal.SIGKILL
    with with_greeter(ours, scratch, program) as sandbox:
        assert run(sandbox, "greeter", "hi").text == "from outside: hi\n"
    janitor.sweep(ours, set)
    with engine() as client:  # the helper that hangs: a quarter of an hour later the janitor would end it
        for helper in client.containers.list(filters={"label": f"hive.home={ours.installation}"}):
            helper.remove(force=True)
    assert [name.startswith("hive-programs-") for name in left(ours)] == [True]


def test_a_program_that_cannot_run_in_there_is_told_with_what_to_do(ours: Engine, scratch: Path, program: Path) -> None:
    program.write_bytes(b"\x7fELF" + bytes(200))
    with open_sandbox("docker", scratch=scratch, label="a", engine=ours, programs={"opencode": program}) as sandbox:
        with pytest.raises(EngineFailed, match="for another processor") as caught:
            fitting(lambda: sandbox.listen(launch.FORWARDER))
        assert caught.value.reason == "script_failed"


PAGE = "x" * 3_000_000
CALLS = """
const port = Number(process.argv.at(-1));
const call = (word) => new Promise((done) => {
  const visitor = require("node:net").connect(port, "127.0.0.1", () => visitor.write(word + "\\n"));
  let seen = 0;
  visitor.on("data", (data) => { seen += data.length; }).on("close", () => done(seen)).on("error", () => done("none"));
});
console.log((await Promise.all(["a", "b", "c"].map(call))).join());
"""


def answer(listener: socket.socket) -> None:
    for _ in range(3):
        visitor, _ = listener.accept()
        with visitor:
            assert visitor.recv(2) in (b"a\n", b"b\n", b"c\n")
            visitor.sendall(PAGE.encode())


def test_hive_answers_on_a_containers_own_loopback_until_it_has_enough(ours: Engine, scratch: Path) -> None:
    programs = {"opencode": Path(opencode.program())}
    with ExitStack() as stack:
        sandbox = stack.enter_context(
            open_sandbox("docker", scratch=scratch, label="a", engine=ours, programs=programs)
        )
        listener = stack.enter_context(sandbox.listen(launch.FORWARDER))
        call = ["opencode", "-e", CALLS, str(listener.getsockname()[1])]
        answering = threading.Thread(target=answer, args=(listener,), daemon=True)
        answering.start()
        assert said(sandbox, call) == f"{len(PAGE)},{len(PAGE)},{len(PAGE)}\n"
        answering.join(10)
        listener.close()
        assert said(sandbox, call) == "none,none,none\n"


def said(sandbox: Sandbox, argv: list[str]) -> str:
    printed = bytearray()
    sandbox.run(argv, timeout_s=60, on_output=printed.extend, env={"BUN_BE_BUN": "1"})
    return printed.decode()
