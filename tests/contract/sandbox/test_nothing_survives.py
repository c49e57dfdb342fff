"""When a sandbox is left, or whoever opened it dies, nothing of it goes on: no process, no file."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from docker.errors import NotFound

from tests.contract.sandbox.conftest import OpenSandbox
from tests.contract.sandbox.shell import eventually, new_mark, on_host, run, sh
from tests.servers import docker
from workers.sandbox import Sandbox, SandboxError, open_sandbox, sweep_stale
from workers.sandbox.inside import processes

ROOT = Path(__file__).resolve().parents[3]

DAEMONS = {
    "in the background": "sleep {mark} >/dev/null 2>&1 &",
    "in a session of its own": "setsid sleep {mark} >/dev/null 2>&1 &",
    "double-forked": "(setsid sh -c '(setsid sleep {mark} &)' >/dev/null 2>&1 &)",
    "deaf to signals": "setsid sh -c \"trap '' TERM INT HUP; sleep {mark}; sleep {mark}\" >/dev/null 2>&1 &",
    "without its environment": "setsid env -i sleep {mark} >/dev/null 2>&1 &",
}


@pytest.mark.parametrize("how", DAEMONS)
def test_leaving_ends_a_daemon(kind: str, scratch: Path, how: str) -> None:
    mark = new_mark()
    with open_sandbox(kind, scratch=scratch, label="daemon") as sandbox:
        assert sh(sandbox, DAEMONS[how].replace("{mark}", mark)).result.ok
        assert eventually(lambda: on_host(mark))
    assert not on_host(mark)
    assert list(scratch.iterdir()) == []


def test_a_daemon_lives_from_one_command_to_the_next(sandbox: Sandbox) -> None:
    mark = new_mark()
    sh(sandbox, DAEMONS["double-forked"].replace("{mark}", mark))
    assert eventually(lambda: on_host(mark))
    assert run(sandbox, "true").result.ok
    assert eventually(lambda: on_host(mark))  # one look may come in the middle of its forks


def test_leaving_deletes_what_cannot_be_deleted_easily(kind: str, scratch: Path) -> None:
    script = (
        "import os\nos.mkdir('closed')\nopen('closed/file', 'w').close()\nos.chmod('closed', 0)\n"
        "for _ in range(1200):\n  os.mkdir('deep')\n  os.chdir('deep')\n"
    )
    with open_sandbox(kind, scratch=scratch, label="stubborn") as sandbox:
        run(sandbox, "python3", "-c", script)  # ends itself, or is ended for nesting too deeply
        assert "closed" in sh(sandbox, "ls").text
    assert list(scratch.iterdir()) == []


def test_an_error_inside_the_block_leaves_nothing_either(kind: str, scratch: Path) -> None:
    mark = new_mark()

    def fail() -> None:
        with open_sandbox(kind, scratch=scratch, label="error") as sandbox:
            sh(sandbox, f"sleep {mark} >/dev/null 2>&1 &")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert not on_host(mark)
    assert list(scratch.iterdir()) == []


@pytest.fixture(autouse=True)
def left_behind() -> Iterator[None]:
    """What a killed worker's containers leave is for the janitor of an installation; here there is none."""
    yield
    if not docker.complaint():
        with docker.engine() as client:
            for each in client.containers.list(all=True, filters={"label": "hive.sandbox=orphan", "status": "exited"}):
                with contextlib.suppress(NotFound):  # another run of these tests was faster
                    each.remove(force=True)
                    for part in ("workspace", "home"):
                        client.volumes.get(f"{each.name}-{part}").remove()


WORKER = """
import sys
from pathlib import Path
from workers.sandbox import open_sandbox
kind, scratch, mark = sys.argv[1:]
with open_sandbox(kind, scratch=Path(scratch), label="orphan") as sandbox:
    script = f"(setsid sleep {mark} >/dev/null 2>&1 &); setsid env -i sleep {mark} >/dev/null 2>&1 & sleep {mark}"
    sandbox.run(["sh", "-c", script], timeout_s=600, on_output=print)
"""


def start_worker(kind: str, scratch: Path, mark: str, program: str = WORKER) -> subprocess.Popen[bytes]:
    """A process that holds a sandbox whose command started two daemons."""
    worker = subprocess.Popen([sys.executable, "-c", program, kind, os.fspath(scratch), mark], cwd=ROOT)
    assert eventually(lambda: len([pid for pid in on_host(mark) if pid != worker.pid]) >= 3)
    return worker


def test_a_worker_that_is_killed_takes_everything_along(kind: str, scratch: Path) -> None:
    mark = new_mark()
    worker = start_worker(kind, scratch, mark)
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    assert eventually(lambda: not on_host(mark))


SECOND = WORKER.replace(
    "with open", "with open_sandbox(kind, scratch=Path(scratch), label='first'):\n    pass\nwith open"
)


@pytest.mark.parametrize("also_killed", ["", "before", "after"])
def test_a_worker_that_is_killed_takes_along_what_forked_its_keeper(scratch: Path, also_killed: str) -> None:
    """From the second sandbox of a process on its keepers are forked, where they are plain processes."""
    mark = new_mark()
    worker = start_worker("process", scratch, mark, SECOND)
    forked = [process.pid for process in processes.descendants(worker.pid)]
    nursery = next(pid for pid in forked if b"inside.nursery" in Path(f"/proc/{pid}/cmdline").read_bytes())
    killed = {"": [worker.pid], "before": [nursery, worker.pid], "after": [worker.pid, nursery]}
    for pid in killed[also_killed]:
        processes.send(pid, signal.SIGKILL)
    worker.wait()
    assert eventually(lambda: not [pid for pid in forked if processes.look(pid)])
    assert not on_host(mark)


def test_a_worker_that_is_killed_while_its_sockets_live_on_in_a_child(kind: str, scratch: Path) -> None:
    """A child that was forked and never ran exec holds copies of all descriptors; nobody waits for its end."""
    mark = new_mark()
    fork = "lambda _data: os.fork() or time.sleep(60)"
    forking = WORKER.replace("import sys", "import os, sys, time").replace("print)", f"{fork})")
    forking = forking.replace("& sleep {mark}", "& echo fork now; sleep {mark}")
    worker = subprocess.Popen([sys.executable, "-c", forking, kind, os.fspath(scratch), mark], cwd=ROOT)
    assert eventually(lambda: len(on_host(mark, "sleep")) >= 3 and len(on_host(mark, "python")) >= 2)
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    gone = eventually(lambda: not on_host(mark, "sleep"))
    for pid in on_host(mark):
        os.kill(pid, signal.SIGKILL)
    assert gone


def test_a_command_ends_with_the_process_that_watches_over_it(open_local: OpenSandbox) -> None:
    script = "import ctypes\nn = ctypes.c_int()\nctypes.CDLL(None).prctl(2, ctypes.byref(n))\nprint(n.value)"
    assert run(open_local(), "python3", "-c", script).text == "9\n"  # PR_GET_PDEATHSIG


def test_the_sweep_clears_away_what_a_dead_worker_left(kind: str, scratch: Path) -> None:
    mark = new_mark()
    worker = start_worker(kind, scratch, mark)
    assert sweep_stale(scratch) == []  # its owner lives
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    assert sweep_stale(scratch, live_labels={"orphan"}) == []  # somebody says that it is needed
    assert sweep_stale(scratch) == ["orphan"]
    assert eventually(lambda: not on_host(mark))
    assert list(scratch.iterdir()) == []


def test_a_label_can_be_used_again_after_its_worker_died(kind: str, scratch: Path) -> None:
    mark = new_mark()
    worker = start_worker(kind, scratch, mark)
    with pytest.raises(SandboxError, match="alive"), open_sandbox(kind, scratch=scratch, label="orphan"):
        pass
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    with open_sandbox(kind, scratch=scratch, label="orphan") as sandbox:
        assert sh(sandbox, "ls").text == ""
        assert not on_host(mark)


def test_a_keeper_that_is_killed_leaves_nothing_behind(kind: str, open_here: OpenSandbox) -> None:
    sandbox = open_here()
    mark = new_mark()
    running = sandbox.start(["sh", "-c", f"(setsid sleep {mark} &) ; sleep {mark}"], log=Path(os.devnull))
    assert eventually(lambda: len(on_host(mark)) >= 2)
    os.kill(running.pid, signal.SIGKILL)
    with contextlib.suppress(SandboxError):  # an engine that has noticed, and tidied up, begins anew
        run(sandbox, "true")
    sandbox.kill("its keeper is gone")
    assert eventually(lambda: not on_host(mark))


def test_the_sweep_touches_nothing_that_is_no_sandbox(scratch: Path) -> None:
    (scratch / "worktree").mkdir()
    (scratch / "worktree" / "file").write_text("mine")
    (scratch / "a file").write_text("mine")
    assert sweep_stale(scratch) == []
    assert (scratch / "worktree" / "file").read_text() == "mine"
    assert sweep_stale(scratch / "missing") == []
