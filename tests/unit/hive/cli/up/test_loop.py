from __future__ import annotations

import os
import signal
import subprocess
import sys

from hive.cli.up.loop import READ, Loop
from tests.flows.up.running import REPOSITORY


def test_timers_run_in_the_order_of_their_times() -> None:
    loop, seen = Loop(), list[str]()
    loop.after(0.02, lambda: seen.append("late"))
    loop.after(0, lambda: seen.append("soon"))
    loop.after(0.01, lambda: seen.append("then"))
    loop.run(until=lambda: len(seen) == 3)
    assert seen == ["soon", "then", "late"]


def test_a_cancelled_timer_does_not_run() -> None:
    loop, seen = Loop(), list[str]()
    loop.after(0, lambda: seen.append("no")).cancel()
    loop.after(0.01, lambda: seen.append("yes"))
    loop.run(until=lambda: bool(seen))
    assert seen == ["yes"]


def test_a_timer_may_be_set_by_a_timer() -> None:
    loop, seen = Loop(), list[int]()

    def again() -> None:
        seen.append(len(seen))
        loop.after(0, again)

    loop.after(0, again)
    loop.run(until=lambda: len(seen) == 5)
    assert seen == [0, 1, 2, 3, 4]


def test_what_is_unwatched_in_the_same_round_is_not_called() -> None:
    loop, seen = Loop(), list[int]()
    pipes = [os.pipe() for _ in range(2)]

    def first_come(number: int, other: int) -> None:
        seen.append(number)
        loop.unwatch(pipes[other][0])

    for number, (reader, writer) in enumerate(pipes):
        os.write(writer, b"x")
        loop.watch(reader, READ, lambda number=number: first_come(number, 1 - number))  # type: ignore[misc]
    loop.run(until=lambda: bool(seen))
    assert len(seen) == 1
    for pipe in pipes:
        for descriptor in pipe:
            os.close(descriptor)


def test_signals_reach_an_action_one_by_one() -> None:
    """In a process of its own: signal handlers are the whole process's."""
    script = """
import os, signal
from hive.cli.up.loop import Loop
loop, seen = Loop(), []
loop.on_signals((signal.SIGUSR1, signal.SIGTERM), seen.append)
loop.after(0, lambda: (os.kill(os.getpid(), signal.SIGTERM), os.kill(os.getpid(), signal.SIGUSR1)))
loop.run(until=lambda: len(seen) == 2)
print(sorted(seen))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=REPOSITORY, timeout=60)
    assert done.stdout == f"{sorted([int(signal.SIGUSR1), int(signal.SIGTERM)])}\n", done.stderr
