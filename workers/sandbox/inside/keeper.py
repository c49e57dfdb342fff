"""The first process of a sandbox: forks a warden per command, measures all of them, ends all of them.

In a bubblewrap sandbox it is process 1 of its own process namespace: the kernel ends everything in there with it, and
nothing inside can signal it. In the others it is a subreaper, so that nothing below it can get away. Requests come
on one socket, each gets one answer:

    {"do": "begin", limits, places, memory_places, own_pids, uid}   → {"pid"}
    {"do": "spawn", order} + [control, output, (listener or input)]  → {}
    {"do": "listen"}   → {"failed": why} or {} + [listener]: a socket on the loopback as commands see it
    {"do": "report"}   → {"peak_memory_bytes", "over": [ended, sentence] | null}
    {"do": "clear"}   → {"gone": bool}: ends all commands
    {"do": "stop", grace_s}   → {"gone": bool}, then the keeper ends

The end of that socket, or of the process whose descriptor came along as `life`, ends everything. (No parent-death
signal does that: it fires when the *thread* that forked ends, which says nothing about its process.)
"""

from __future__ import annotations

import os
import select
import sys
import time

from . import linux, processes, wire
from .lean import signal, socket
from .meter import Meter
from .warden import Warden

TYPE_CHECKING = False
if TYPE_CHECKING:  # typing is a large import, and a sandbox starts for every job
    from collections.abc import Callable
    from typing import NoReturn

    from .meter import Over

_SAMPLE_S = 0.1
_PRIVATE_UIDS = 0x70000000  # below this a uid may have other processes; see identity.py


class Keeper:
    """Single-threaded: every fork below starts from a process with one thread."""

    def __init__(self, control: socket.socket, life: int, begin: wire.Message) -> None:
        self._control = control
        self._life = life
        self._own_pids = bool(begin["own_pids"]) and os.getpid() == 1
        self._uid: int | None = begin["uid"]
        self._meter = Meter(begin["limits"], begin["places"], begin["memory_places"])
        self._wardens: set[int] = set()
        self._over: Over | None = None
        self._sample_at = 0.0

    def serve(self) -> None:
        """Until told to stop, or until nobody is there to tell."""
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        if self._life >= 0:
            poll.register(self._life, select.POLLIN)
        while True:
            ready = poll.poll(_SAMPLE_S * 1000 if self._wardens else None)
            self._wardens.difference_update(processes.reap()[1])
            if any(fd == self._life for fd, _event in ready):
                return
            if ready and not self._answer():
                return
            self._measure()

    def _answer(self) -> bool:
        received = wire.receive(self._control)
        if received is None:
            return False
        request, fds = received
        reply: wire.Message = {}
        listener: socket.socket | None = None
        if request["do"] == "spawn":
            self._spawn(request["order"], fds)
        elif request["do"] == "listen":
            reply, listener = _listen()
        elif request["do"] == "report":
            self._over = self._over or self._meter.final_disk()
            reply = {"peak_memory_bytes": self._meter.peak_memory_bytes, "over": self._over}
        elif request["do"] == "clear":
            reply = {"gone": self.kill_everything()}
        elif request["do"] == "stop":
            self._ask_to_end(request["grace_s"])
            reply = {"gone": self.kill_everything()}
        wire.send(self._control, reply, [listener.fileno()] if listener else ())
        if listener:
            listener.close()  # Hive has its own copy
        return bool(request["do"] != "stop")

    def _spawn(self, order: wire.Message, fds: list[int]) -> None:
        if not self._wardens:
            self._meter.peak_memory_bytes = 0
            self._over = None
            self._sample_at = time.monotonic() + _SAMPLE_S / 2  # there is nothing to see yet
        pid = os.fork()
        if pid:
            self._wardens.add(pid)
            for fd in fds:
                os.close(fd)
            return
        try:
            self._control.close()  # its end must be seen as soon as the keeper is gone
            third = fds[2] if len(fds) > 2 else None
            listener, given = (None, third) if order["input"] else (third, None)
            Warden(socket.socket(fileno=fds[0]), order).watch(fds[1], listener, given)
        finally:
            sys.stderr.flush()
            os._exit(0)

    def _measure(self) -> None:
        now = time.monotonic()
        if not self._wardens or now < self._sample_at or self._over:
            return
        self._over = self._meter.sample(self._members())
        took_s = time.monotonic() - now
        self._sample_at = time.monotonic() + max(_SAMPLE_S / 2, 10 * took_s)
        if self._over:
            self.kill_everything()

    def _members(self) -> list[processes.Process]:
        """What the sandbox runs, without the processes of this program."""
        ours = {os.getpid(), *self._wardens}
        inside = processes.everything().values() if self._own_pids else processes.descendants(os.getpid())
        return [process for process in inside if process.pid not in ours]

    def _ask_to_end(self, grace_s: float) -> None:
        """Every warden passes the wish on to its command; whoever needs no longer than the grace ends by itself."""
        deadline = time.monotonic() + grace_s
        for warden in self._wardens if grace_s > 0 else ():
            processes.send(warden, signal.SIGUSR1)
        while self._wardens and time.monotonic() < deadline:
            self._wardens.difference_update(processes.reap()[1])
            time.sleep(0.005)

    def kill_everything(self) -> bool:
        """True when nothing is left. Also called when the keeper itself is about to end."""
        if self._own_pids:
            gone = processes.repeat_until_gone(lambda: processes.send(-1, signal.SIGKILL))
        elif self._uid is not None and self._uid >= _PRIVATE_UIDS:
            gone = processes.repeat_until_gone(self._kill_by_user) and processes.end_tree()
        else:
            gone = processes.end_tree()
        self._wardens.clear()
        return gone

    def _kill_by_user(self) -> None:
        """One call of the kernel that ends all processes of this sandbox's own user, however fast they fork."""
        uid = self._uid
        pid = os.fork()
        if not pid:
            try:
                if uid is not None and uid >= _PRIVATE_UIDS:  # as any other user this call would end a machine
                    os.setresuid(uid, uid, uid)
                    os.kill(-1, signal.SIGKILL)
            finally:
                os._exit(0)
        os.waitpid(pid, 0)
        for warden in self._wardens:
            processes.send(warden, signal.SIGKILL)


def _listen() -> tuple[wire.Message, socket.socket | None]:
    listener = socket.socket()
    try:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
    except OSError as error:
        listener.close()
        return {"failed": str(error)}, None
    return {}, listener


def main() -> None:
    """`keeper.main()` with the numbers of the two descriptors as arguments; `life` is -1 where there is none."""
    control, life = socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2])
    for fd in (control.fileno(), life):
        if fd >= 0:
            os.set_inheritable(fd, False)
    end_after(lambda: keep(control, life))


def end_after(work: Callable[[], None]) -> NoReturn:
    """Do it, and end this process without taking its interpreter to pieces."""
    try:
        work()
    except Exception:
        sys.excepthook(*sys.exc_info())
        sys.stderr.flush()
        os._exit(1)
    finally:
        os._exit(0)


def keep(control: socket.socket, life: int) -> None:
    """Be the keeper of one sandbox, to its end."""
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    linux.become_subreaper()
    received = wire.receive(control)
    if received is None:
        return
    keeper = Keeper(control, life, received[0])
    if received[0]["own_pids"]:
        linux.set_dumpable(False)  # else a command of the same user could trace process 1
    else:  # process 1 may have no handler: signals from inside reach it only where it has one
        signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    try:
        wire.send(control, {"pid": os.getpid()})
        keeper.serve()
    except (BrokenPipeError, ConnectionResetError):
        pass  # Hive has ended, or has left the sandbox
    finally:
        keeper.kill_everything()
