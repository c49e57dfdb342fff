"""Pulse: the agent's heartbeat. It renews leases, hears what became of them, and what the agent is to do."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from workers.agent.machine import Machine
from workers.agent.server import Away, NotAllowed, Server, ServerError
from workers.agent.work import Work

logger = logging.getLogger(__name__)

AGAIN_S = 1.0
BUSY_S = 2.0  # how long a server may keep the answer to a beat with jobs: it comes at once when one is to stop
FIRST_S = 0.5  # to the first beat of a job that has just begun


class Pulse:
    """A thread. With the server away jobs go on: only the server can say that a lease is lost."""

    def __init__(
        self, server: Server, machine: Machine, works: Callable[[], list[Work]], on_command: Callable[[str], None]
    ) -> None:
        self._server = server
        self._machine = machine
        self._works = works
        self._on_command = on_command
        self._heard: list[int] = []
        self._begun = threading.Event()
        self.revoked = threading.Event()

    def start(self) -> None:
        threading.Thread(target=self._run, name="pulse", daemon=True).start()

    def begun(self) -> None:
        """A job has begun: the next beat is due soon, however long the last interval was. Its lease is fresh: a job
        that ends before that costs no beat.
        """
        self._begun.set()

    def _run(self) -> None:
        while not self.revoked.is_set():
            self._rest(self.beat())

    def _rest(self, interval_s: float) -> None:
        until = time.monotonic() + interval_s
        if self._begun.wait(interval_s):
            self._begun.clear()
            self.revoked.wait(max(min(until - time.monotonic(), FIRST_S), 0.0))

    def beat(self) -> float:
        """Once; how long until the next."""
        works = {work.job_id: work for work in self._works() if work.acknowledged}
        body = {
            "leases": [{"job": work.job_id, "lease": work.lease} for work in works.values()],
            "load": self._machine.load(),
            "free_disk_bytes": self._machine.free_bytes(),
            "heard": self._heard,
            "wait": BUSY_S if works else 0,
        }
        began = time.monotonic()
        try:
            answer = self._server.call("POST", "/agent/heartbeat", json=body, timeout=10.0 + BUSY_S).json()
        except NotAllowed as error:
            logger.error("action=heartbeat this agent may not come in any more: %s", error)
            self._end_all(works)
            self.revoked.set()
            return 0.0
        except Away:
            return AGAIN_S  # the line has said so, once
        except ServerError as error:
            logger.warning("action=heartbeat %s", error)
            return AGAIN_S
        at_work = set(self._works())  # some may have ended while the answer waited
        for one in answer["leases"]:
            work = works.get(one["job"])
            _obey(work if work in at_work else None, one["verdict"])
        self._heard = [one["id"] for one in answer["commands"]]
        for one in answer["commands"]:
            self._on_command(one["command"])
        return max(float(answer["interval_s"]) - (time.monotonic() - began if works else 0.0), 0.0)

    def _end_all(self, works: dict[int, Work]) -> None:
        for work in works.values():
            work.lose()


def _obey(work: Work | None, verdict: str) -> None:
    if work is None or verdict == "ok":
        return
    logger.warning("action=verdict job=%s %s", work.job_id, verdict)
    if verdict == "cancel":
        work.cancel()
    else:
        work.lose()
