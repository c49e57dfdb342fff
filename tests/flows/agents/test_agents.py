"""Agents as processes: killed, stopped, cut off, told to end; and a server that goes away while they work."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from tests.flows.agents.place import Place
from tests.flows.web.server import until

pytestmark = pytest.mark.flow


def test_an_agent_does_a_job_and_nothing_of_it_reaches_the_agent_itself(place: Place) -> None:
    hostile = {"LD_PRELOAD": "/nowhere.so", "PATH": "/usr/bin:/bin", "BASH_ENV": "/nowhere", "DOCKER_HOST": "tcp://x"}
    hostile |= {"QUOTED": "a'b\"c\n--option $(touch /tmp/x)"}
    pk = place.job(
        "mkdir -p dist && echo data > dist/app.txt",
        'printf "%s|\\n" "$QUOTED"; printf "\\033[2J::set-env name=A::b\\n"',
        env=hostile,
        artifacts=("dist/**",),
    )
    agent = place.agent("a")
    seen = place.ended(pk)
    assert (seen["status"], seen["artifacts"]) == ("completed", ["dist/app.txt"]), seen
    assert "a'b\"c\n--option $(touch /tmp/x)|" in seen["log"]
    assert "\x1b[2J::set-env name=A::b" in seen["log"]
    assert Path(place.home.root / "a" / "credential.json").stat().st_mode & 0o777 == 0o600
    agent.send_signal(signal.SIGTERM)
    assert agent.wait(20) == 0


def test_the_server_goes_and_comes_back_and_the_job_is_whole_and_done_once(place: Place) -> None:
    go = place.home.root / "go"
    pk = place.job(f"echo began; while [ ! -e {go} ]; do sleep 0.1; done; seq 1 20000; echo over", artifacts=("*",))
    place.agent("a")
    until(place.log_has(pk, "began"), "the job does not begin")
    place.kill("web")
    go.touch()
    time.sleep(4)
    place.start_web()
    seen = place.ended(pk)
    assert seen["status"] == "completed", seen
    assert seen["log"].count("began") == 2  # the command, as it is shown, and what it printed
    assert [line for line in seen["log"].splitlines() if line.isdigit()] == [str(n) for n in range(1, 20001)]


def test_a_killed_agents_job_is_lost_and_a_stopped_one_forgets_what_it_lost(place: Place) -> None:
    killed, stopped = place.job("echo began; sleep 60"), 0
    first = place.agent("a")
    until(place.log_has(killed, "\nbegan"), "the job does not begin")
    first.kill()  # the web server ends it where it held a beat at that moment, else the lease runs out
    until(lambda: place.stage("reap") or place.stage("look", killed)["reason"] == "lost", "nobody notices", 60)
    assert place.stage("look", killed)["reason"] == "lost"
    stopped = place.job("echo began; sleep 60")
    second = place.agent("b")
    until(place.log_has(stopped, "\nbegan"), "the job does not begin")
    second.send_signal(signal.SIGSTOP)
    until(lambda: place.stage("reap"), "the lease does not run out", 60)
    second.send_signal(signal.SIGCONT)
    again = place.job("echo again")
    assert place.ended(again)["status"] == "completed"
    assert place.stage("look", stopped)["reason"] == "lost"


def test_a_canceled_job_ends_and_an_agent_that_is_told_twice_gives_its_job_back(place: Place) -> None:
    agent = place.agent("a")
    canceled = place.job("echo began; sleep 60")
    until(place.log_has(canceled, "\nbegan"), "the job does not begin")
    place.stage("cancel", canceled)
    assert place.ended(canceled)["status"] == "canceled"
    given_back = place.job("echo began; sleep 60")
    until(place.log_has(given_back, "\nbegan"), "the job does not begin")
    agent.send_signal(signal.SIGTERM)
    time.sleep(0.5)
    assert agent.poll() is None
    agent.send_signal(signal.SIGTERM)
    assert agent.wait(20) == 0
    assert place.ended(given_back)["reason"] == "lost"


def test_a_revoked_agent_ends_and_its_job_is_lost(place: Place) -> None:
    agent = place.agent("a")
    pk = place.job("echo began; sleep 60")
    until(place.log_has(pk, "\nbegan"), "the job does not begin")
    place.stage("revoke")
    assert agent.wait(30) == 2
    assert place.stage("look", pk)["reason"] == "lost"
