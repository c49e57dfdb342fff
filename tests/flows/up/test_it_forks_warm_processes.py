"""A child that is forked from the warm process is like one that was started by itself, only sooner."""

from __future__ import annotations

import os
import signal

import pytest

from hive.cli import processes
from tests.flows.up.running import Installed, eventually, stopped
from tests.flows.up.test_it_starts import answer

pytestmark = pytest.mark.flow


def test_it_is_a_child_of_the_supervisor_in_a_session_of_its_own(hive: Installed) -> None:
    process = hive.ready("warm")
    web = processes.look(hive.child("web")["pid"])
    assert web is not None
    assert (web.parent, web.session) == (hive.state["supervisor"], web.pid)
    stopped(process)


def test_it_has_the_command_line_and_the_environment_of_the_program(hive: Installed) -> None:
    process = hive.ready("warm")
    words = [b"-P", b"-m", b"tests.flows.up.server"]
    line = processes.PROC / str(hive.child("web")["pid"]) / "cmdline"
    eventually(lambda: words == line.read_bytes().split(b"\0")[1:4], "it is called as the program would be")
    assert answer(hive)["HIVE_PORT"] == str(hive.state["port"])
    stopped(process)


def test_it_keeps_no_file_of_the_warm_process(hive: Installed) -> None:
    process = hive.ready("warm")
    pid = hive.child("web")["pid"]
    answer(hive)
    names = processes.open_files(pid)
    assert len(list((processes.PROC / str(pid) / "fd").iterdir())) <= 5, names
    stopped(process)


def test_its_output_goes_to_its_own_log(hive: Installed) -> None:
    process = hive.ready("warm")
    assert "GET /readyz" in eventually(lambda: hive.log("web"), "it has logged its first request")
    stopped(process)


def test_it_ends_with_the_supervisor(hive: Installed) -> None:
    process = hive.ready("warm")
    os.kill(process.pid, signal.SIGSTOP)
    os.kill(hive.state["supervisor"], signal.SIGKILL)
    eventually(lambda: len(hive.left()) == 1, "only the stopped guard is left")
    process.kill()


def test_without_the_warm_process_it_starts_by_itself(hive: Installed) -> None:
    process = hive.ready("warm_that_dies")
    web = processes.look(hive.child("web")["pid"])
    assert web is not None
    assert web.parent == hive.state["supervisor"]
    assert "no_such_module" in hive.log("warm")
    stopped(process)


def test_both_killed_at_once_both_come_back(hive: Installed) -> None:
    process = hive.ready("warm")
    old = {name: hive.child(name)["pid"] for name in ("warm", "web")}
    for pid in old.values():
        os.kill(pid, signal.SIGKILL)
    both = [
        lambda name=name: hive.child(name)["state"] == "running" and hive.child(name)["pid"] != old[name]
        for name in old
    ]
    eventually(lambda: all(is_back() for is_back in both), "both are back")
    assert answer(hive)["pid"] == hive.child("web")["pid"]
    stopped(process)


def test_a_warm_process_that_hangs_holds_nobody_up_for_long(hive: Installed) -> None:
    process = hive.ready("warm")
    os.kill(hive.child("warm")["pid"], signal.SIGSTOP)
    old = hive.child("web")["pid"]
    os.kill(old, signal.SIGKILL)
    eventually(lambda: hive.child("web")["state"] == "running" and hive.child("web")["pid"] != old, "web is back")
    os.kill(hive.child("warm")["pid"], signal.SIGCONT)
    stopped(process)
    assert hive.left() == []
