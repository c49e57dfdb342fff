"""Time limits, silence, and being stopped."""

from __future__ import annotations

import threading
import time

import pytest

from tests import busy
from tests.contract.sandbox.shell import eventually, new_mark, on_host, py, sh
from workers.sandbox import Ended, Result, Sandbox

KILL_S = 2.0  # the product's promise


def test_a_command_that_takes_too_long_is_ended(sandbox: Sandbox) -> None:
    mark = new_mark()
    seen = sh(sandbox, f"echo before; sleep {mark}", timeout_s=1)
    assert (seen.result.ended, seen.result.exit_code) == (Ended.TIMED_OUT, None)
    assert seen.result.message == "It ran for more than 1 s."
    assert seen.text == "before\n"
    assert not on_host(mark)


def test_a_command_is_asked_before_it_is_killed(sandbox: Sandbox) -> None:
    seen = sh(sandbox, "trap 'echo cleaning up; exit' TERM; while :; do sleep 0.05; done", timeout_s=1)
    assert seen.result.ended is Ended.TIMED_OUT
    assert seen.text.endswith("cleaning up\n")


def test_a_command_that_ignores_the_request_is_killed(sandbox: Sandbox) -> None:
    mark = new_mark()
    seen = sh(sandbox, f"trap '' TERM HUP INT; sleep {mark}; sleep {mark}", timeout_s=0.5)
    assert seen.result.ended is Ended.TIMED_OUT
    assert not on_host(mark)


def test_silence_is_a_reason_of_its_own(sandbox: Sandbox) -> None:
    seen = sh(sandbox, "echo a; sleep 600", no_output_s=0.5)
    assert seen.result.ended is Ended.NO_OUTPUT
    assert seen.result.message == "It printed nothing for 0.5 s."


def test_the_clock_of_silence_counts_only_silence(sandbox: Sandbox) -> None:
    seen = sh(sandbox, "for i in 1 2 3 4 5 6 7 8; do echo $i; sleep 0.3; done", no_output_s=2)
    assert seen.result.ok
    assert seen.result.duration_s > 2


def test_after_its_time_was_up_the_sandbox_can_be_used(sandbox: Sandbox) -> None:
    sh(sandbox, "echo half > report; sleep 600", timeout_s=0.5)
    assert sandbox.read("report", 100) == b"half\n"
    assert sh(sandbox, "echo next").text == "next\n"


def kill_while(sandbox: Sandbox, script: str, started: str = "ready") -> tuple[Result, float]:
    """Run the script, kill the sandbox from another thread when it says that it is ready; also how long that took."""
    ready = threading.Event()
    results: list[Result] = []

    def hear(data: bytes) -> None:
        if started.encode() in data:
            ready.set()

    runner = threading.Thread(
        target=lambda: results.append(sandbox.run(["sh", "-c", script], timeout_s=600, on_output=hear))
    )
    runner.start()
    assert ready.wait(30)
    begin = time.monotonic()
    sandbox.kill("A person canceled it.")
    runner.join()
    return results[0], time.monotonic() - begin


IGNORING = "trap '' TERM INT HUP; echo ready; while :; do sleep {mark}; done"
STRAYS = """
for i in 1 2 3 4 5; do
    (setsid sh -c "trap '' TERM; sleep {mark}; sleep {mark}" &)
done
echo ready
sleep {mark}
"""
FORKS_WHILE_DYING = """
exec python3 -uc "
import os, signal, time
def again(*_):
    for _ in range(3):
        if os.fork() == 0:
            os.setsid()
signal.signal(signal.SIGTERM, again)
for _ in range(3):
    os.fork()
print('ready')
while True:
    time.sleep(0.01)
" {mark}
"""
FLEEING = """
exec python3 -uc "
import os
print('ready')
while True:
    if os.fork():
        os._exit(0)
    os.setsid()
" {mark}
"""


@pytest.mark.parametrize("script", [IGNORING, STRAYS, FORKS_WHILE_DYING, FLEEING])
def test_a_kill_from_another_thread_ends_everything_within_2_s(sandbox: Sandbox, script: str) -> None:
    mark = new_mark()
    result, took_s = kill_while(sandbox, script.replace("{mark}", mark))
    assert took_s < busy.allowed(KILL_S)
    assert (result.ended, result.exit_code, result.message) == (Ended.STOPPED, None, "A person canceled it.")
    assert not on_host(mark)


def test_after_a_kill_commands_end_at_once(sandbox: Sandbox) -> None:
    sandbox.kill("canceled")
    sandbox.kill("a second time, for another reason")
    seen = sh(sandbox, "echo never")
    assert (seen.result.ended, seen.result.message, seen.text) == (Ended.STOPPED, "canceled", "")


def test_files_can_be_read_after_a_kill(sandbox: Sandbox) -> None:
    sh(sandbox, "echo evidence > report")
    sandbox.kill("canceled")
    assert sandbox.read("report", 100) == b"evidence\n"


def test_two_threads_may_kill_at_once(sandbox: Sandbox) -> None:
    mark = new_mark()
    sh(sandbox, f"sleep {mark} >/dev/null 2>&1 &")
    killers = [threading.Thread(target=sandbox.kill, args=("canceled",)) for _ in range(4)]
    for killer in killers:
        killer.start()
    for killer in killers:
        killer.join()
    assert eventually(lambda: not on_host(mark))


def test_two_hundred_megabytes_are_handed_over_without_being_kept(sandbox: Sandbox) -> None:
    sizes: list[int] = []
    script = "import os\nline = b'x' * 99 + b'\\n'\nfor _ in range(2000):\n    os.write(1, line * 1000)"
    result = sandbox.run(["python3", "-c", script], timeout_s=60, on_output=lambda data: sizes.append(len(data)))
    assert result.ok
    assert result.output_bytes == sum(sizes) == 200_000_000
    assert max(sizes) <= 256 * 1024


def test_a_grandchild_that_holds_the_output_open_does_not_hold_the_command(sandbox: Sandbox) -> None:
    mark = new_mark()
    begin = time.monotonic()
    seen = sh(sandbox, f"setsid sleep {mark} & echo done")
    assert seen.result.ok
    assert seen.text == "done\n"
    assert time.monotonic() - begin < busy.allowed(10)
    assert not on_host(mark)


def test_what_a_grandchild_prints_last_still_arrives(sandbox: Sandbox) -> None:
    assert "late" in sh(sandbox, "(sleep 0.1; echo late) & echo first").text


def test_a_chatty_grandchild_does_not_hold_the_command_either(sandbox: Sandbox) -> None:
    mark = new_mark()
    assert sh(sandbox, f"setsid sh -c 'while :; do echo noise {mark}; done' & sleep 0.1").result.ok
    assert not on_host(mark)


def test_the_peak_of_memory_is_told(sandbox: Sandbox) -> None:
    seen = py(sandbox, "data = bytearray(100_000_000); import time; time.sleep(0.5)")
    assert 100_000_000 < seen.result.peak_memory_bytes < 200_000_000
