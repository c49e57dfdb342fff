from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hive.cli.up import ending
from hive.home import Home
from tests.flows.up.running import REPOSITORY, eventually


@pytest.mark.parametrize(("code", "words"), [(0, "exit code 0"), (3, "exit code 3")])
def test_an_exit_code_in_words(code: int, words: str) -> None:
    assert ending.in_words(code << 8) == words


@pytest.mark.parametrize(
    ("number", "words"), [(9, "killed by SIGKILL"), (11, "killed by SIGSEGV"), (50, "killed by signal 50")]
)
def test_a_signal_in_words(number: int, words: str) -> None:
    assert ending.in_words(number) == words


def test_telling_somebody_who_is_gone_is_no_error() -> None:
    process = subprocess.Popen(["true"])
    process.wait()
    ending.tell(process.pid, signal.SIGTERM)
    ending.tell_group(process.pid, signal.SIGTERM)


def stray(environment: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(["sleep", "60"], env={**os.environ, **environment})


def test_strays_are_those_with_the_mark_of_this_very_home(tmp_path: Path) -> None:
    home = Home(tmp_path / "hive")
    ours = stray({ending.MARK: str(home.root)})
    job = stray({"HIVE_SANDBOX": "job-1", "HIVE_WORKSPACE": f"{home.root}/work/job-1/workspace"})
    others = [
        stray({ending.MARK: f"{home.root}2"}),
        stray({"HIVE_HOME": str(home.root)}),  # a person's shell has this, too
        stray({"HIVE_SANDBOX": "job-1", "HIVE_WORKSPACE": f"{home.root}2/work/job-1"}),
        stray({"HIVE_WORKSPACE": f"{home.root}/work/job-1"}),
    ]
    try:
        eventually(lambda: {ours.pid, job.pid} <= set(ending.strays(home)), "they carry their environment")
        ended = {process.pid for process in (ours, job)}
        assert set(ending.strays(home)) == ended
        ours_ended = ending.kill_strays(home)
        assert (ours_ended, ours.wait(10), job.wait(10)) == (2, -signal.SIGKILL, -signal.SIGKILL)
        assert [process.poll() for process in others] == [None] * 4
    finally:
        for process in (ours, job, *others):
            process.kill()
            process.wait()


def test_nothing_below_survives_and_nothing_else_is_touched() -> None:
    """In a process of its own: it kills all that its own process has started."""
    script = """
import subprocess, sys
from hive.cli import processes
from hive.cli.up import ending, linux
linux.adopt_orphans()
job = "(setsid sleep 77.5 &) ; (trap '' TERM; sleep 77.5) & sleep 77.5"
subprocess.Popen(["sh", "-c", job], start_new_session=True)
while len(processes.descendants(processes.os.getpid())) < 4: pass
left = ending.kill_descendants()
print(left, processes.children())
"""
    bystander = subprocess.Popen(["sleep", "60"])
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=REPOSITORY, timeout=60)
    assert done.stdout == "[] []\n", done.stderr
    assert bystander.poll() is None
    bystander.kill()
    bystander.wait()
