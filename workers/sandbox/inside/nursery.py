"""Forks keepers, so that a sandbox does not wait for a Python to start. One per process of Hive's that opens sandboxes.

It has been started clean, has one thread, and knows nothing: no secret, no descriptor but its socket and `life`. What
a keeper is told comes on the keeper's own socket, after the fork, so no sandbox's keeper holds what another one's was
told. Requests come on one socket, each gets one answer:

    {"cookie"} + [the keeper's control, its standard error]   → {} + [a descriptor of its process] or {"failed": why}

It ends with that socket, or with the process whose descriptor `life` is. Its keepers do not end with it: each has
`life` itself.
"""

from __future__ import annotations

import gc
import os
import select
import sys

from . import linux, wire
from .keeper import end_after, keep
from .lean import signal, socket

TYPE_CHECKING = False
if TYPE_CHECKING:  # typing is a large import, and a sandbox may have to start without a nursery
    from typing import NoReturn

COOKIE = b"HIVE_SANDBOX"


class Nursery:
    """Single-threaded: every fork starts from a process with one thread."""

    def __init__(self, control: socket.socket, life: int) -> None:
        self._control = control
        self._life = life
        self._keepers: dict[int, int] = {}  # descriptor → number
        self._poll = select.poll()
        self._poll.register(control, select.POLLIN)
        if life >= 0:
            self._poll.register(life, select.POLLIN)

    def serve(self) -> None:
        """Until nobody is there to ask for a keeper."""
        while True:
            for fd, _event in self._poll.poll():
                if fd == self._life or (fd == self._control.fileno() and not self._answer()):
                    return
                if fd in self._keepers:
                    self._bury(fd)

    def _answer(self) -> bool:
        received = wire.receive(self._control)
        if received is None:
            return False
        request, fds = received
        try:
            pid = os.fork()
            if not pid:
                self._become_keeper(request["cookie"], *fds)
            keeper = os.pidfd_open(pid)
        except OSError as error:  # no more processes, or descriptors; a keeper that is there ends with its socket
            wire.send(self._control, {"failed": str(error)})
        else:
            self._keepers[keeper] = pid
            self._poll.register(keeper, select.POLLIN)
            wire.send(self._control, {}, [keeper])
        for fd in fds:
            os.close(fd)
        return True

    def _bury(self, keeper: int) -> None:
        self._poll.unregister(keeper)
        os.waitpid(self._keepers.pop(keeper), 0)
        os.close(keeper)

    def _become_keeper(self, cookie: str, control: int, errors: int) -> NoReturn:
        def work() -> None:
            self._control.close()
            for keeper in self._keepers:
                os.close(keeper)
            os.setsid()
            os.dup2(errors, 2)
            os.close(errors)
            linux.overwrite_variable(COOKIE, cookie.encode("ascii"))
            linux.set_dumpable(True)  # else the sweep could not read the cookie
            keep(socket.socket(fileno=control), self._life)

        end_after(work)


def main() -> None:
    """`nursery.main()` with the numbers of the two descriptors as arguments; `life` is -1 where there is none."""
    control, life = socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2])
    for fd in (control.fileno(), life):
        if fd >= 0:
            os.set_inheritable(fd, False)
    linux.set_dumpable(False)  # a command of the same user, and some run as Hive's own, may not trace it
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    gc.freeze()  # pages with objects that live on anyway stay shared
    try:
        Nursery(control, life).serve()
    except (BrokenPipeError, ConnectionResetError):
        sys.exit()  # Hive has ended, or has given up on this nursery
