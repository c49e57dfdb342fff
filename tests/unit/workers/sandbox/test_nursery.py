"""Forked keepers: what they have of their own, and what happens when the process that forks them is killed."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.contract.sandbox.shell import eventually
from workers.sandbox.box import Box
from workers.sandbox.inside import linux, wire
from workers.sandbox.inside import nursery as inside
from workers.sandbox.nursery import LONGEST_COOKIE, Forked, Nursery
from workers.sandbox.starting import INSIDE, command_of

LIMITS = {"processes": 10, "memory_bytes": 2**30, "disk_bytes": 2**30, "files": 10}
BEGIN = {"limits": LIMITS, "places": [], "memory_places": [], "own_pids": False, "uid": None}


@pytest.fixture
def nursery() -> Iterator[Nursery]:
    """One that has been asked before."""
    made = Nursery()
    assert made.fork("first") is None
    yield made
    made.end()


class Keeper:
    """A forked one, from its first message to its end."""

    def __init__(self, nursery: Nursery, cookie: str) -> None:
        forked = nursery.fork(cookie)
        assert forked
        self.process, self.control = forked
        self.control.settimeout(20)
        wire.send(self.control, {"do": "begin", **BEGIN})
        received = wire.receive(self.control)
        assert received
        self.pid = int(received[0]["pid"])

    def proc(self, name: str) -> Path:
        return Path(f"/proc/{self.pid}", name)

    def ends(self) -> bool:
        return self.process.has_ended(20)

    def leave(self) -> None:
        self.control.close()
        assert self.ends()
        self.process.close()


@contextlib.contextmanager
def keeper(nursery: Nursery, cookie: str = "label-1") -> Iterator[Keeper]:
    made = Keeper(nursery, cookie)
    try:
        yield made
    finally:
        made.leave()


def test_a_process_that_opens_one_sandbox_does_not_pay_for_two() -> None:
    unused = Nursery()
    assert unused.fork("first") is None
    assert unused.pid == 0


def test_a_keeper_carries_the_cookie_of_its_own_sandbox_alone(nursery: Nursery) -> None:
    with keeper(nursery, "label-1"), keeper(nursery, "b-2") as second:
        shown = second.proc("environ").read_bytes().split(b"\0")
        assert b"HIVE_SANDBOX=b-2" in shown
        assert {each.partition(b"=")[0] for each in shown} <= {b"HIVE_SANDBOX", b"LANG", b"PATH", b"LC_CTYPE", b""}


def test_a_keeper_holds_nothing_of_another_ones(nursery: Nursery) -> None:
    """Its socket, its complaints, the process that opened the sandbox; no other keeper, and not what forks them."""
    with keeper(nursery), keeper(nursery) as second:
        held = [os.fspath(each.readlink()) for each in second.proc("fd").iterdir()]
        assert sum(each.startswith("socket:") for each in held) == 1
        assert sum(each.startswith("pipe:") for each in held) == 1
        assert sum("pidfd" in each for each in held) == 1
        assert len(held) == 5, held  # and twice /dev/null


def test_a_keeper_has_a_session_of_its_own(nursery: Nursery) -> None:
    with keeper(nursery) as one:
        assert os.getsid(one.pid) == os.getpgid(one.pid) == one.pid


def test_a_keeper_that_has_ended_is_no_zombie(nursery: Nursery) -> None:
    with keeper(nursery) as one:
        pass
    assert eventually(lambda: not one.proc("").exists())


def test_a_nursery_that_was_killed_is_started_again(nursery: Nursery) -> None:
    with keeper(nursery) as before:
        killed = nursery.pid
        os.kill(killed, signal.SIGKILL)
        with keeper(nursery) as after:
            assert nursery.pid not in (0, killed)
            assert not after.process.has_ended(0)
        wire.send(before.control, {"do": "report"})  # what it had forked goes on
        assert wire.receive(before.control) == ({"peak_memory_bytes": 0, "over": None}, [])


def test_a_nursery_that_is_killed_at_work_costs_nobody_a_sandbox(nursery: Nursery) -> None:
    with keeper(nursery):
        pass
    stopped = nursery.pid
    os.kill(stopped, signal.SIGSTOP)
    threading.Timer(0.3, os.kill, (stopped, signal.SIGKILL)).start()
    with keeper(nursery) as one:
        assert not one.process.has_ended(0)
        assert nursery.pid != stopped


def test_a_nursery_that_does_not_answer_is_replaced() -> None:
    patient = Nursery(answer_s=1.0)
    patient.fork("first")
    with keeper(patient):
        stopped = patient.pid
        os.kill(stopped, signal.SIGSTOP)
    # its keeper was not buried: that is for a nursery that runs
    forked = patient.fork("label-2")
    assert forked is None or patient.pid != stopped
    with pytest.raises(ProcessLookupError):
        os.kill(stopped, 0)
    if forked:
        forked[1].close()
        forked[0].close()
    patient.end()


def test_where_no_nursery_starts_a_sandbox_starts_without(caplog: pytest.LogCaptureFixture) -> None:
    broken = Nursery(argv=["sh", "-c", "echo no python here >&2; exit 1"])
    assert [broken.fork("a"), broken.fork("b"), broken.fork("c")] == [None, None, None]
    assert broken.pid == 0
    assert [one.getMessage().endswith("no python here") for one in caplog.records] == [True]  # and it is left at that
    missing = Nursery(argv=["/no-such-program"])
    assert [missing.fork("a"), missing.fork("b")] == [None, None]


def test_a_cookie_that_has_no_room_is_for_a_keeper_of_its_own(nursery: Nursery) -> None:
    assert nursery.fork("x" * (LONGEST_COOKIE + 1)) is None
    with keeper(nursery, "x" * LONGEST_COOKIE) as one:
        assert b"HIVE_SANDBOX=" + b"x" * LONGEST_COOKIE in one.proc("environ").read_bytes().split(b"\0")


def test_many_at_once_get_each_its_own(nursery: Nursery) -> None:
    with ThreadPoolExecutor(8) as threads:
        keepers = list(threads.map(lambda number: Keeper(nursery, f"box-{number}"), range(24)))
    shown = [
        f"HIVE_SANDBOX=box-{number}".encode() in one.proc("environ").read_bytes() for number, one in enumerate(keepers)
    ]
    for one in keepers:
        one.leave()
    assert all(shown)
    assert len({one.pid for one in keepers}) == 24


def test_a_forked_process_of_hive_has_its_own(nursery: Nursery) -> None:
    """It must not hold the socket of its parent's either, whose end ends that."""
    with keeper(nursery):
        parent = nursery._process
        child = os.fork()
        if not child:
            nursery.after_fork()
            os._exit(0 if nursery.pid == 0 and nursery.fork("a") is None else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert nursery._process is parent
        assert parent is not None
        assert parent.program.poll() is None


def test_the_end_of_hives_socket_ends_it(nursery: Nursery) -> None:
    with keeper(nursery):
        process = nursery._process
        assert process
        nursery._control.shutdown(socket.SHUT_RDWR)
        assert process.has_ended(20)
        assert process.program.returncode == 0


NOBODY = 65534


def forked_as_nobody(work: Callable[[], object]) -> int:
    """The number of a process that does it and exits with 0, or with 1 where it is not allowed to."""
    child = os.fork()
    if child:
        return child
    code = 2
    try:
        if os.geteuid() == 0:
            os.setresuid(NOBODY, NOBODY, NOBODY)
        work()
        code = 0
    except PermissionError:
        code = 1
    finally:
        os._exit(code)


def is_open_to_its_user(pid: int) -> bool:
    """Whether another process of that user may look into it: the kernel asks the same before it is traced."""
    looking = forked_as_nobody(lambda: list(Path(f"/proc/{pid}/fd").iterdir()))
    return os.waitstatus_to_exitcode(os.waitpid(looking, 0)[1]) == 0


def test_commands_of_the_same_user_cannot_look_into_it(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = socket.socketpair()
    monkeypatch.setattr("sys.argv", ["nursery", str(theirs.fileno()), "-1"])

    def become_it() -> None:
        linux.set_dumpable(True)  # as after an exec; the change of user has closed it
        ours.close()
        theirs.send(b"1")
        theirs.recv(1)
        inside.main()

    pid = forked_as_nobody(become_it)
    assert ours.recv(1) == b"1"
    assert is_open_to_its_user(pid)
    ours.send(b"2")
    assert eventually(lambda: not is_open_to_its_user(pid))
    ours.shutdown(socket.SHUT_WR)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_a_box_uses_it(nursery: Nursery) -> None:
    argv = command_of("keeper", os.fspath(INSIDE.parent))
    boxes = [Box("test", argv, f"cookie-{number}", BEGIN, nursery) for number in range(2)]
    for one in boxes:
        one.launch()
        one.ask({"do": "report"})
        assert isinstance(one._process, Forked)
        assert one.end(0)
