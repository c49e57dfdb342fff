from __future__ import annotations

import os
import time

import pytest

from workers.sandbox.box import Box, KeeperGone
from workers.sandbox.port import SandboxError
from workers.sandbox.starting import INSIDE, Started, command_of


def box(*argv: str) -> Box:
    return Box(
        "test", argv, "cookie", {"limits": {}, "places": [], "memory_places": [], "own_pids": False, "uid": None}
    )


def returncode(ended: Box) -> int | None:
    assert isinstance(ended._process, Started)
    return ended._process.program.returncode


def test_a_launcher_that_is_not_there_is_named() -> None:
    with pytest.raises(SandboxError, match="no-such-bwrap cannot be started: No such file") as caught:
        box("/no-such-bwrap").launch()
    assert caught.value.permanent


def test_what_a_launcher_complains_about_is_passed_on() -> None:
    failing = box("sh", "-c", "echo 'no namespaces here' >&2; exit 1")
    failing.launch()
    with pytest.raises(KeeperGone, match=r"did not start\. no namespaces here"):
        failing.ask({"do": "report"})
    failing.end(0)


def test_a_keeper_that_was_never_asked_ends_with_its_box() -> None:
    unused = box(*command_of("keeper", os.fspath(INSIDE.parent)))
    unused.launch()
    begin = time.monotonic()
    assert unused.end(0)
    assert time.monotonic() - begin < 10
    assert returncode(unused) == 0
    with pytest.raises(KeeperGone, match="has ended"):
        unused.ask({"do": "report"})


def test_a_launcher_that_hangs_is_killed() -> None:
    hanging = box("sh", "-c", "exec sleep 600")
    hanging.launch()
    hanging.end(0)
    assert returncode(hanging) == -9
