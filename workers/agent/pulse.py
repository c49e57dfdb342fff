"""Pulse: the agent's heartbeat. It renews leases, hears what became of them, and what the agent is to do."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from workers.agent.machine import Machine
from workers.agent.server import NotAllowed, Server, ServerError
from workers.agent.work import Work

logger = logging.getLogger(__name__)

AGAIN_S = 1.0


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
        self._now = threading.Event()
        self.revoked = threading.Event()

    def start(self) -> None:
        threading.Thread(target=self._run, name="pulse", daemon=True).start()

    def at_once(self) -> None:
        """A job has begun: what interval holds for it, only the next answer says."""
        self._now.set()

    def _run(self) -> None:
        while not self.revoked.is_set():
            self._now.wait(self.beat())
            self._now.clear()

    def beat(self) -> float:
        """Once; how long until the next."""
        works = {work.job_id: work for work in self._works() if work.acknowledged}
        body = {
            "leases": [{"job": work.job_id, "lease": work.lease} for work in works.values()],
            "load": self._machine.load(),
            "free_disk_bytes": self._machine.free_bytes(),
            "heard": self._heard,
        }
        try:
            answer = self._server.call("POST", "/agent/heartbeat", json=body, timeout=10.0).json()
        except NotAllowed as error:
            logger.error("action=heartbeat this agent may not come in any more: %s", error)
            self._end_all(works)
            self.revoked.set()
            return 0.0
        except ServerError as error:
            logger.warning("action=heartbeat %s", error)
            return AGAIN_S
        for one in answer["leases"]:
            _obey(works.get(one["job"]), one["verdict"])
        self._heard = [one["id"] for one in answer["commands"]]
        for one in answer["commands"]:
            self._on_command(one["command"])
        return float(answer["interval_s"])

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
