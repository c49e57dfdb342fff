from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from hive.cli import processes
from tests.flows.up.running import eventually


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """A shell with a child, in a session of its own, and a mark in its environment."""
    process = subprocess.Popen(["sh", "-c", "sleep 60 & wait"], start_new_session=True, env={"SLEEPER": "yes"})
    eventually(lambda: processes.descendants(process.pid), "it has a child")
    yield process
    os.killpg(process.pid, 9)
    process.wait()


def test_it_knows_parent_session_and_start(sleeper: subprocess.Popen[bytes]) -> None:
    found = processes.look(sleeper.pid)
    assert found is not None
    assert (found.parent, found.session, found.alive) == (os.getpid(), sleeper.pid, True)
    assert processes.same(sleeper.pid, found.started_ticks)
    assert not processes.same(sleeper.pid, found.started_ticks - 1)


def test_a_name_with_brackets_and_spaces_confuses_nobody() -> None:
    argv = [sys.executable, "-c", "open('/proc/self/comm', 'w').write(') 1 (x'); print(1, flush=True); input()"]
    process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    found = processes.look(process.pid)
    process.communicate()
    assert found is not None
    assert found.parent == os.getpid()


def test_what_is_not_there_is_none() -> None:
    assert processes.look(2**22 + 1) is None
    assert not processes.same(2**22 + 1, 0)


def test_a_zombie_is_not_alive() -> None:
    process = subprocess.Popen(["true"])
    eventually(lambda: (found := processes.look(process.pid)) and not found.alive, "it has ended and is not reaped")
    process.wait()


def test_descendants_are_found_at_every_depth(sleeper: subprocess.Popen[bytes]) -> None:
    [child] = processes.descendants(sleeper.pid)
    assert child.parent == sleeper.pid
    assert {sleeper.pid, child.pid} <= {each.pid for each in processes.descendants(os.getpid())}
    assert sleeper.pid in processes.children()


def test_a_session_is_all_but_its_leader(sleeper: subprocess.Popen[bytes]) -> None:
    assert [each.parent for each in processes.of_session(sleeper.pid)] == [sleeper.pid]


def test_marked_are_those_with_the_mark_in_their_environment(sleeper: subprocess.Popen[bytes]) -> None:
    found = processes.marked(lambda environment: environment.get("SLEEPER") == "yes")
    assert sleeper.pid in found
    assert os.getpid() not in found


def test_memory_is_the_sum_of_proportional_shares(sleeper: subprocess.Popen[bytes]) -> None:
    own = processes.memory_bytes([os.getpid()])
    assert own > 5_000_000
    assert processes.memory_bytes([os.getpid(), sleeper.pid]) > own
    assert processes.memory_bytes([2**22 + 1]) == 0


def test_words_are_the_command_line_shortened(sleeper: subprocess.Popen[bytes]) -> None:
    assert processes.words(sleeper.pid) == "sh -c sleep 60 & wait"
    assert len(processes.words(os.getpid())) <= 60
