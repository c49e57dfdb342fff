"""Many agents at once; a server that dies, a line that is slow or cut, a wrong clock, a full disk."""

from __future__ import annotations

import hashlib
import shutil
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from apps.fleet.limits import PART_BYTES
from tests.flows.agents.client import Client
from tests.flows.agents.line import slow_line
from tests.flows.agents.place import Place, open_place
from tests.flows.web.server import ROOT, until
from tests.servers.machine import Machine, machine
from tests.servers.small_disk import small_disk

pytestmark = pytest.mark.flow
AGENTS, SLOTS, JOBS = 16, 4, 128
MIB = 1024 * 1024
NUMBERS = 300_000  # lines of output: 2 MB, which are sent in several pieces
SLEEPING = ROOT / "tests/flows/faults/sleeping"


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """No beat runs in it: a lease that has run out ends where a test sweeps."""
    with open_place(tmp_path_factory.mktemp("strain") / "h", HIVE_LEASE_S="4", HIVE_HOSTS="*") as found:
        yield found


@pytest.fixture
def place(ground: Place) -> Iterator[Place]:
    """The agents of a test end with it."""
    yield ground
    for name in set(ground.processes) - {"valkey", "web"}:
        ground.kill(name)


def test_sixteen_agents_with_four_slots_do_each_job_once(place: Place) -> None:
    agents = [Client(place.url, place.token, f"a{number}", SLOTS) for number in range(AGENTS)]
    with ThreadPoolExecutor(AGENTS) as threads:
        asked = [threads.submit(_work, agent) for agent in agents]  # they wait, before there is anything
        jobs = place.stage("jobs", JOBS)
        for one in asked:
            one.result(120)
    done = sorted(job for agent in agents for job in agent.done)
    assert done == jobs
    assert sum(bool(agent.done) for agent in agents) > AGENTS / 2, "hardly anybody got anything"
    seen = place.stage("tally", *jobs)
    assert seen["stands"] == ["completed"]
    assert seen["printed"] == {str(job): f"job {job}\n" for job in jobs}


def _work(agent: Client) -> None:
    """Until there has been nothing to do for some seconds, after the first."""
    while agent.work(4.0) or not agent.done:
        pass


def test_over_a_slow_line_to_a_server_that_dies_meanwhile_everything_comes_once(place: Place, tmp_path: Path) -> None:
    """Killed in the middle of the output, and in the middle of a file."""
    go = tmp_path / "go"
    wait = f"until test -e {go}; do sleep 0.1; done; seq 1 {NUMBERS} > big.txt; sha256sum big.txt"
    pk = place.job(f"seq 1 {NUMBERS}", wait, artifacts=("big.txt",))
    with slow_line(place.port, 1_500_000) as line:
        in_the_output = line.stop_at(b"PATCH /", 1_400_000)
        place.agent("a", server=line.url)
        until(in_the_output.is_set, "no output is sent")
        place.kill("web")
        half = place.stage("arrived", pk)
        assert 0 < half["log"] < len(numbers()), (half, place.said("a"))
        in_the_file = line.stop_at(b"PUT /api/v1/store/", 500_000)
        place.start_web()
        until(lambda: place.stage("arrived", pk)["log"] > len(numbers()), "the output does not come on")
        go.touch()
        until(in_the_file.is_set, "the file is not sent")
        place.kill("web")
        assert place.stage("look", pk)["artifacts"] == []
        line.go_on()
        place.start_web()
        seen = place.ended(pk)
    assert (seen["status"], seen["artifacts"]) == ("completed", ["big.txt"]), seen["message"]
    assert "".join(f"{line}\n" for line in seen["log"].splitlines() if line.isdigit()) == numbers()
    assert hashlib.sha256(numbers().encode()).hexdigest() in seen["log"]
    assert place.stage("tally", pk)["stands"] == ["completed"]


def test_a_large_file_goes_on_after_the_parts_that_have_arrived(place: Place, tmp_path: Path) -> None:
    """Three parts; the line breaks in the second, and the server is killed."""
    size_bytes = 2 * PART_BYTES + 5 * MIB
    pk = place.job(f"head -c {size_bytes} /dev/urandom > big.bin; sha256sum big.bin", artifacts=("big.bin",))
    with slow_line(place.port, 60 * MIB) as line:
        in_the_second = line.stop_at(b"PUT /api/v1/store/", PART_BYTES + 8 * MIB)
        place.agent("a", server=line.url)
        until(in_the_second.is_set, "the file is not sent")
        place.kill("web")
        before = line.carried_bytes
        line.go_on()
        place.start_web()
        seen = place.ended(pk)
        sent_again = line.carried_bytes - before
    assert (seen["status"], seen["artifacts"]) == ("completed", ["big.bin"]), seen["message"]
    assert f"{place.stage('sha256_of', pk)}  big.bin" in seen["log"]
    assert sent_again < size_bytes - PART_BYTES + 2 * MIB


def test_of_a_server_that_hangs_for_longer_than_a_lease_no_agent_loses_its_job(place: Place, tmp_path: Path) -> None:
    """Beat and workers go on meanwhile, and sweep."""
    began, go = tmp_path / "began", tmp_path / "go"
    pk = place.job(f"touch {began}; until test -e {go}; do sleep 0.1; done; echo over")
    place.agent("a")
    until(began.exists, "the job does not begin")
    place.processes["web"].send_signal(signal.SIGSTOP)
    time.sleep(6.5)  # more than a lease, and as long as a silence may be an agent's
    assert place.stage("overdue", pk)
    assert place.stage("reap") == []
    place.processes["web"].send_signal(signal.SIGCONT)
    go.touch()
    seen = place.ended(pk)
    assert (seen["status"], seen["log"].count("\nover")) == ("completed", 1), seen


def numbers() -> str:
    return "".join(f"{number}\n" for number in range(1, NUMBERS + 1))


@pytest.fixture
def other() -> Iterator[Machine]:
    with machine() as found:
        yield found


def test_a_machine_that_is_cut_off_loses_its_job_ends_it_when_it_is_back_and_goes_on(
    place: Place, other: Machine, tmp_path: Path
) -> None:
    alive, port = tmp_path / "alive", other.forward(place.port)
    pk = place.job(f"echo began; while sleep 0.2; do touch {alive}; done")
    place.agent("far", prefix=other.prefix, server=f"http://{other.host}:{port}")
    until(place.log_has(pk, "\nbegan"), "the job does not begin")
    other.cut()
    until(lambda: place.stage("reap"), "the lease does not run out", 60)
    seen = place.stage("look", pk)
    alive.unlink(missing_ok=True)
    until(alive.exists, "the job ended while it was cut off")
    other.mend()
    again = place.job("echo again")
    assert place.ended(again)["status"] == "completed"
    alive.unlink()
    time.sleep(1)
    assert not alive.exists(), "what it has lost goes on"
    assert (seen["reason"], place.stage("look", pk)) == ("lost", seen)


def test_an_agent_whose_clock_is_a_day_ahead_does_its_job(place: Place) -> None:
    if shutil.which("faketime") is None:
        pytest.skip("needs libfaketime: apt-get install faketime")
    pk = place.job("date +%s; sleep 3")
    wrong = ("faketime", "--exclude-monotonic", "-f", "+1d", "setpriv", "--pdeathsig", "KILL")
    place.agent("a", prefix=wrong, environ={"PYTHONPATH": str(SLEEPING)})
    seen = place.ended(pk)
    assert seen["status"] == "completed", seen
    assert place.stage("tally", pk)["offers"] == 1


@pytest.fixture
def small_folder(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "small", mib=24) as folder:
        yield folder


def test_an_agent_whose_disk_is_full_says_so_fails_the_job_and_takes_no_other_until_there_is_room(
    place: Place, small_folder: Path
) -> None:
    (filler := small_folder / "filler").write_bytes(b"x" * (21 * MIB))
    waits = place.job("echo at last")
    place.agent("a", home=str(small_folder / "a"), min_free_mb="4")
    until(lambda: "less than 4 MiB are free; no job is taken" in place.said("a"), "it does not say so")
    assert place.stage("look", waits)["status"] == "queued"
    filler.unlink()
    assert place.ended(waits)["status"] == "completed"
    writes = place.ended(place.job("head -c 64M /dev/zero > big"))
    assert writes["reason"] == "infrastructure"
    assert writes["message"].startswith("The disk of this machine is full"), writes["message"]
    prints = place.ended(place.job("head -c 64M /dev/zero | tr '\\0' x"))
    assert prints["reason"] == "infrastructure"
    assert prints["message"] == "The agent's machine failed: No space left on device."
    assert "x" * 1000 in prints["log"]
