"""A child that dies comes back, and everyone can see that it did."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from tests.flows.up.running import Installed, eventually, stopped

pytestmark = pytest.mark.flow


def test_a_killed_child_comes_back_and_the_terminal_says_so(hive: Installed) -> None:
    process = hive.ready("usual")
    old = hive.child("web")["pid"]
    os.kill(old, signal.SIGKILL)
    eventually(lambda: hive.child("web")["state"] == "running" and hive.child("web")["pid"] != old, "web is back")
    assert hive.child("web")["restarts"] == 1
    assert hive.child("web")["ended"] == "ended (killed by SIGKILL)"
    _, output, _ = stopped(process)
    assert "web: ended (killed by SIGKILL); again in 0.2 s" in output
    assert "web: back after" in output


def test_while_the_web_server_is_down_nobody_is_refused(hive: Installed) -> None:
    """The supervisor keeps the port open: who connects meanwhile is answered by the next web server."""
    from tests.flows.up.test_it_starts import answer

    process = hive.ready("usual")
    old = hive.child("web")["pid"]
    os.kill(old, signal.SIGKILL)
    assert answer(hive)["pid"] != old
    stopped(process)


def test_one_that_can_never_start_is_tried_again_ever_more_seldom(hive: Installed) -> None:
    process = hive.ready("dying")
    eventually(lambda: hive.child("beat")["restarts"] >= 4, "it was tried four times")
    lines = [line for line in hive.log().splitlines() if "beat: ended (exit code 4)" in line]
    assert [line.partition("again in ")[2].partition(" s")[0] for line in lines[:4]] == ["0.2", "0.4", "0.8", "1.6"]
    assert lines[0].endswith("no clock")
    assert process.poll() is None
    stopped(process)


def test_status_tells_of_the_one_that_can_never_start(hive: Installed) -> None:
    process = hive.ready("dying")
    eventually(lambda: hive.child("beat")["restarts"] >= 3, "it was tried three times")
    status = hive.hive("status")
    line = next(line for line in status.stdout.splitlines() if line.startswith("beat"))
    assert "exit code 4" in line
    stopped(process)


def test_a_program_that_is_not_there_is_tried_again_too(hive: Installed) -> None:
    process = hive.ready("missing_program")
    eventually(lambda: hive.child("worker")["restarts"] >= 2, "it was tried twice")
    assert "/nowhere/worker" in hive.child("worker")["ended"]
    stopped(process)


def test_with_a_worker_dies_its_pool(hive: Installed) -> None:
    process = hive.ready("pool")
    [old] = eventually(lambda: hive.sleepers("2345.5"), "the worker's pool runs")
    os.kill(hive.child("worker")["pid"], signal.SIGKILL)
    eventually(lambda: hive.child("worker")["restarts"] == 1 and hive.sleepers("2345.5"), "the next worker's pool runs")
    eventually(lambda: old not in hive.sleepers("2345.5"), "the pool of the dead worker is gone")
    assert len(hive.sleepers("2345.5")) == 1
    stopped(process)


def test_logs_stay_bounded_while_a_child_writes_on(hive: Installed) -> None:
    process = hive.ready("talkative")
    logs = hive.home / "logs"
    eventually(lambda: "000399" in hive.log("worker")[-110_000:], "40 MB were written")
    assert sum(file.stat().st_size for file in logs.glob("worker.log*")) <= 20 * 1024 * 1024
    assert {file.name for file in logs.glob("worker.log*")} == {"worker.log", "worker.log.1"}
    stopped(process)


def test_the_supervisor_is_small_and_sleeps(hive: Installed) -> None:
    process = hive.ready("usual")
    for pid in (process.pid, hive.state["supervisor"]):
        status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
        assert int(status["VmRSS"].split()[0]) <= 20 * 1024
    before = cpu_ticks(hive.state["supervisor"])
    time.sleep(1)
    assert cpu_ticks(hive.state["supervisor"]) - before <= 1
    stopped(process)


def cpu_ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])
