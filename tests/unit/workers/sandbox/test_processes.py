from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from workers.sandbox.inside import processes


def test_a_name_with_brackets_and_spaces_confuses_nobody(tmp_path: Path) -> None:
    odd = tmp_path / "a) S 1 (b"
    odd.symlink_to("/bin/sleep")
    child = subprocess.Popen([odd, "60"])
    try:
        found = processes.look(child.pid)
        assert found is not None
        assert (found.pid, found.parent, found.threads) == (child.pid, os.getpid(), 1)
    finally:
        child.kill()
        child.wait()


def test_a_process_that_is_gone_is_nothing() -> None:
    assert processes.look(2**22 + 1) is None


def test_descendants_are_found_with_and_without_the_kernels_lists() -> None:
    child = subprocess.Popen(["sh", "-c", "sh -c 'sleep 60; true'; true"])
    try:
        deadline = time.monotonic() + 30
        while len(processes.descendants(child.pid)) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        fast = {process.pid for process in processes.descendants(child.pid)}
        slow = {process.pid for process in processes.below(child.pid, processes.everything())}
        assert fast == slow
        assert len(fast) == 2
    finally:
        for process in processes.descendants(child.pid):
            processes.send(process.pid, 9)
        child.kill()
        child.wait()


BREEDER = """
import os, sys
sys.path.insert(0, sys.argv[1])
from workers.sandbox.inside import linux, processes
linux.become_subreaper()
if os.fork() == 0:
    for _ in range(3):
        os.fork()
    while True:
        if os.fork() == 0:
            os.setsid()
        else:
            os._exit(0)
while len(processes.descendants(os.getpid())) < 4:
    processes.reap()
gone = processes.end_tree(20)
print(gone, processes.reap())
"""


def test_a_tree_that_keeps_forking_away_is_ended() -> None:
    """Eight processes, each of which forks, changes session and lets its parent end, all the time."""
    root = os.fspath(Path(__file__).parents[4])
    run = subprocess.run([sys.executable, "-c", BREEDER, root], capture_output=True, text=True, timeout=60, check=False)
    assert run.stdout == "True (False, [])\n", run.stderr
