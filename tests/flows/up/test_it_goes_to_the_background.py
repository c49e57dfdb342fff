"""`hive up --detach` returns when Hive is ready, and Hive goes on; `status` and `down` find it."""

from __future__ import annotations

import json
import os
import signal

import pytest

from tests.flows.up.running import Installed, eventually

pytestmark = pytest.mark.flow


def test_it_returns_when_ready_and_lets_go_of_the_output(hive: Installed) -> None:
    process = hive.up("usual", "--detach")
    output, complaint = process.communicate(timeout=60)  # waits for the end of file: a copy kept open would hang here
    assert (process.returncode, complaint) == (0, "")
    assert "Stop       hive down" in output
    assert hive.state["state"] == "ready"
    assert hive.hive("down").returncode == 0
    assert hive.left() == []


def test_as_json_it_says_once_what_a_program_needs(hive: Installed) -> None:
    process = hive.up("usual", "--detach", "--json")
    said = json.loads(process.communicate(timeout=60)[0])
    assert said["pid"] == hive.state["pid"] != process.pid
    assert said["home"] == str(hive.home)
    hive.hive("down")


def test_it_survives_the_terminal_of_its_caller(hive: Installed) -> None:
    process = hive.up("usual", "--detach")
    process.communicate(timeout=60)
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, signal.SIGHUP)
    assert os.getsid(hive.state["pid"]) == hive.state["pid"]
    assert hive.hive("status").returncode == 0
    hive.hive("down")


def test_a_failing_preparation_is_told_to_the_caller(hive: Installed) -> None:
    process = hive.up("failing_preparation", "--detach")
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "no such column: colour" in output
    assert hive.left() == []


def test_a_supervisor_killed_before_it_was_ready_is_told_to_the_caller(hive: Installed) -> None:
    process = hive.up("slow", "--detach")
    eventually(lambda: hive.child("prepare").get("pid"), "the preparation runs")
    os.kill(hive.state["supervisor"], signal.SIGKILL)
    _, complaint = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "The supervisor was killed by SIGKILL" in complaint
    assert hive.left() == []


def test_ctrl_c_while_it_starts_stops_it(hive: Installed) -> None:
    process = hive.up("slow", "--detach")
    eventually(lambda: hive.child("prepare").get("pid"), "the preparation runs")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert hive.left() == []


def test_status_shows_children_memory_and_what_readyz_answers(hive: Installed) -> None:
    hive.up("usual", "--detach").communicate(timeout=60)
    status = hive.hive("status", "--json")
    said = json.loads(status.stdout)
    assert (status.returncode, said["ready"], said["state"]) == (0, True, "ready")
    web = said["children"]["web"]
    assert (web["state"], web["restarts"], web["processes"]) == ("running", 0, 1)
    assert web["memory_bytes"] > 1_000_000
    assert web["uptime_s"] >= 0
    assert said["memory_bytes"] > web["memory_bytes"]
    assert said["readyz"]["parts"] == [{"name": "database", "ok": True, "latency_ms": 0.5, "message": ""}]
    hive.hive("down")


def test_status_in_a_pipe_is_one_plain_line_per_part(hive: Installed) -> None:
    hive.up("usual", "--detach").communicate(timeout=60)
    lines = hive.hive("status").stdout.splitlines()
    assert lines[0].startswith(f"Hive on {hive.home} is ready · http://127.0.0.1:")
    assert [line.split("\t")[:2] for line in lines[1:4]] == [
        ["prepare", "done"],
        ["web", "running"],
        ["worker", "running"],
    ]
    assert "database\tok\t0.5 ms\t" in lines
    hive.hive("down")


def test_status_of_one_that_does_not_answer_exits_with_1(hive: Installed) -> None:
    hive.up("usual", "--detach").communicate(timeout=60)
    os.kill(hive.child("web")["pid"], signal.SIGSTOP)
    status = hive.hive("status", "--json", first="from hive.cli import readiness; readiness.ask.__defaults__ = (0.5,)")
    assert status.returncode == 1
    assert json.loads(status.stdout)["readyz"]["message"].startswith("no answer")
    hive.hive("down")
    assert hive.left() == []


def test_down_ends_by_force_what_does_not_react(hive: Installed) -> None:
    hive.up("usual", "--detach").communicate(timeout=60)
    guard, supervisor = hive.state["pid"], hive.state["supervisor"]
    os.kill(guard, signal.SIGSTOP)
    os.kill(supervisor, signal.SIGSTOP)
    done = hive.hive("down", "--json", first="from hive.cli import down; down.PATIENCE_S = 0.5")
    assert json.loads(done.stdout)["how"] == "by force"
    assert hive.left() == []
