"""FakeLauncher: releases without processes, for tests of the host and of whoever speaks to it."""

from __future__ import annotations

import itertools
import socket
import threading
from pathlib import Path

from workers.deployment.host.errors import LaunchFailed
from workers.deployment.host.launcher import Launched
from workers.deployment.host.plan import Plan
from workers.probe.address import Address
from workers.sandbox.port import Ended, Result

_pids = itertools.count(1_000_000_000)  # no such process can exist


class FakeLaunched:
    """Answers every request with its release's name, in a thread, until it is stopped or dies."""

    kind = "fake"

    def __init__(self, plan: Plan) -> None:
        self.pid = next(_pids)
        self.plan = plan
        self.graces_s: list[float] = []
        self._ended: Result | None = None
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.address: Address = ("tcp", "127.0.0.1", self._listener.getsockname()[1])
        self._open: set[socket.socket] = set()
        with Path(plan.log).open("a") as log:
            log.write(f"fake release {plan.release} listens\n")
        threading.Thread(target=self._accept, daemon=True).start()

    def poll(self) -> Result | None:
        return self._ended

    def stop(self, grace_s: float) -> None:
        self.graces_s.append(grace_s)
        self._end(Result(143, Ended.STOPPED, 0.0, 0, 0, "It was stopped."))

    def die(self, code: int = 1) -> None:
        """End as if by itself."""
        self._end(Result(code, Ended.EXITED, 0.0, 0, 0, f"It exited with {code}."))

    def _end(self, how: Result) -> None:
        self._ended = self._ended or how
        for each in (self._listener, *list(self._open)):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # it is closed already
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _address = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        body = self.plan.release.encode()
        answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        self._open.add(connection)
        waiting = b""
        try:
            while received := connection.recv(65536):
                *requests, waiting = (waiting + received).split(b"\r\n\r\n")
                connection.sendall(answer * len(requests))
        except OSError:
            pass
        finally:
            self._open.discard(connection)
            connection.close()


class FakeLauncher:
    """`launched` has every launch in order; releases named in `broken` cannot be started."""

    def __init__(self) -> None:
        self.launched: list[FakeLaunched] = []
        self.broken: dict[str, str] = {}
        self.sweeps = 0
        self.forgotten: list[str] = []

    def launch(self, plan: Plan) -> Launched:
        if why := self.broken.get(plan.release):
            raise LaunchFailed(why)
        self.launched.append(FakeLaunched(plan))
        return self.launched[-1]

    def forget(self, plan: Plan) -> None:
        self.forgotten.append(plan.release)

    def sweep(self) -> None:
        self.sweeps += 1

    def last(self, release: str) -> FakeLaunched:
        return next(each for each in reversed(self.launched) if each.plan.release == release)
