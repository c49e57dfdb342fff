"""However it ends, nothing is left: neither children nor what their jobs have cut loose."""

from __future__ import annotations

import os
import signal
import subprocess

import pytest

from hive.cli import processes
from hive.cli.up import lock
from tests.flows.up.running import Installed, eventually, stopped

pytestmark = pytest.mark.flow
CUT_LOOSE = "1234.5"  # see tables.usual: no parent, no environment, deaf to SIGTERM


def its_job(hive: Installed) -> int:
    """The job's process, which shows no mark any more."""
    return eventually(lambda: hive.sleepers(CUT_LOOSE), "the job has begun").pop()


def is_gone(pid: int) -> bool:
    found = processes.look(pid)
    return found is None or not found.alive


def kill_both(hive: Installed, guard: subprocess.Popen[str]) -> None:
    """Guard and supervisor, neither having the time to do anything about the other's death."""
    supervisor = hive.state["supervisor"]
    for number in (signal.SIGSTOP, signal.SIGKILL):
        os.kill(guard.pid, number)
        os.kill(supervisor, number)
    guard.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_stops_everything_also_what_a_job_cut_loose(hive: Installed, number: signal.Signals) -> None:
    process = hive.ready("usual")
    job = its_job(hive)
    code, output, _ = stopped(process, number)
    assert code == 0
    assert output.splitlines()[-2:] == ["hive: Stopping …", "hive: Stopped."]
    assert hive.left() == []
    assert is_gone(job)
    assert not (hive.home / "run" / "up.json").exists()


def test_ctrl_c_in_a_terminal_reaches_the_whole_group_and_counts_once(hive: Installed) -> None:
    process = hive.ready("ordered")
    eventually(lambda: "here" in hive.log("worker"), "the worker can say goodbye")
    os.killpg(process.pid, signal.SIGINT)
    output, _ = process.communicate(timeout=40)
    assert "Killing" not in output
    assert "bye" in hive.log("worker")


def test_a_second_ctrl_c_stops_at_once(hive: Installed) -> None:
    process = hive.ready("stubborn")
    eventually(lambda: "deaf" in hive.log("worker"), "the worker is deaf to SIGTERM")
    process.send_signal(signal.SIGINT)
    eventually(lambda: hive.state.get("state") == "stopping", "it is stopping")
    code, output, _ = stopped(process, signal.SIGINT)
    assert code == 0
    assert "Killing what is left." in output
    assert hive.left() == []


@pytest.mark.parametrize("table", ["fleeing", "fleeing_with_a_new_session_each_time"])
def test_a_job_that_forks_away_from_its_killer_is_caught(hive: Installed, table: str) -> None:
    process = hive.ready(table)
    eventually(lambda: "fleeing" in hive.log("worker"), "the job is fleeing")
    code, _, complaints = stopped(process)
    assert (code, complaints) == (0, "")
    assert not lock.is_held(hive.home / "fleeing")
    assert hive.left() == []


def test_they_stop_in_reverse_order_of_need(hive: Installed) -> None:
    process = hive.ready("ordered")
    eventually(lambda: all("here" in hive.log(name) for name in ("worker", "valkey", "host")), "they can say goodbye")
    process.send_signal(signal.SIGTERM)
    eventually(lambda: hive.child("worker").get("state") == "stopping", "the worker is told first")
    assert hive.child("valkey")["state"] == hive.child("host")["state"] == "running"
    process.communicate(timeout=40)
    times = {name: (hive.home / "logs" / f"{name}.log").stat().st_mtime for name in ("worker", "host", "valkey")}
    assert times["worker"] <= times["host"]
    assert times["worker"] <= times["valkey"]


def test_a_stop_during_the_start_leaves_nothing(hive: Installed) -> None:
    process = hive.up("slow")
    eventually(lambda: hive.child("prepare").get("pid"), "the preparation runs")
    code, _, _ = stopped(process)
    assert code == 0
    assert hive.left() == []


def test_when_the_supervisor_is_killed_the_guard_ends_everything_and_says_so(hive: Installed) -> None:
    process = hive.ready("usual")
    job = its_job(hive)
    os.kill(hive.state["supervisor"], signal.SIGKILL)
    _, complaint = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "The supervisor was killed by SIGKILL" in complaint
    assert hive.left() == []
    assert is_gone(job)


def test_when_the_guard_is_killed_the_supervisor_ends_everything(hive: Installed) -> None:
    process = hive.ready("usual")
    job = its_job(hive)
    process.kill()
    eventually(lambda: hive.left() == [], "nothing is left")
    assert is_gone(job)


def test_when_both_are_killed_the_kernel_ends_the_children(hive: Installed) -> None:
    process = hive.ready("ordered")
    kill_both(hive, process)
    eventually(lambda: hive.left() == [], "nothing is left")


def test_after_a_crash_of_both_the_next_start_ends_what_a_worker_left_behind(hive: Installed) -> None:
    process = hive.ready("pool")
    [pool] = eventually(lambda: hive.sleepers("2345.5"), "the pool runs")
    kill_both(hive, process)
    again = hive.ready("usual")
    assert is_gone(pool)
    assert "left behind" in hive.log()
    stopped(again)


def test_what_a_crash_left_in_the_state_file_is_not_taken_for_a_running_hive(hive: Installed) -> None:
    process = hive.ready("ordered")
    kill_both(hive, process)
    eventually(lambda: hive.hive("status").returncode == 1, "status sees that nothing runs")
    assert "No Hive runs" in hive.hive("status").stdout
    stopped(hive.ready("usual"))


def test_down_stops_it_and_waits_until_it_is_gone(hive: Installed) -> None:
    process = hive.ready("usual")
    done = hive.hive("down")
    assert (done.returncode, done.stderr) == (0, "")
    assert "is stopped (in order" in done.stdout
    assert process.wait(20) == 0
    assert hive.left() == []


def test_down_without_one_running_says_so_and_exits_with_0(hive: Installed) -> None:
    done = hive.hive("down")
    assert (done.returncode, done.stdout) == (0, f"No Hive runs on {hive.home}.\n")
