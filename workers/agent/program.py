"""Program: the agent as a whole. Joins or comes back, asks for jobs as long as it has free slots, ends in order."""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

from workers.agent.credential import Credential, load, save
from workers.agent.machine import Machine, this_version
from workers.agent.pulse import Pulse
from workers.agent.server import Away, NotAllowed, Server, ServerError, patiently
from workers.agent.settings import Settings
from workers.agent.work import Work

logger = logging.getLogger(__name__)

NO_ROOM_S = 5.0
LAST_WORDS_S = 10.0


class Program:
    """`drain()` lets it finish and take no more; `stop()` ends its jobs too. A signal's handler may call both."""

    def __init__(self, settings: Settings, machine: Machine, server: Server) -> None:
        self._settings = settings
        self._machine = machine
        self._server = server
        self._works: dict[int, Work] = {}
        self._changed = threading.Condition(threading.RLock())
        self._held = False  # the server has said so: drained or paused
        self._draining = threading.Event()
        self._stopping = threading.Event()
        self._pulse = Pulse(server, machine, self._at_work, self._command)

    def run(self) -> None:
        """Until it is told to end. Raises NotAllowed where it may not join, or was revoked."""
        for what in self._machine.tidy():
            logger.info("action=tidy removed %s", what)
        wait_s = float(self._come_in()["poll_wait_s"])
        self._pulse.start()
        threading.Thread(target=self._ask_on, args=(wait_s,), name="ask", daemon=True).start()
        with self._changed:
            while not self._may_end():
                self._changed.wait(0.5)
        if self._pulse.revoked.is_set():
            raise NotAllowed("Hive does not let this agent in any more: it was revoked.")

    def drain(self) -> None:
        logger.warning("action=drain %s jobs are finished, no more are taken", len(self._works))
        self._draining.set()

    def stop(self) -> None:
        logger.warning("action=stop %s jobs are ended", len(self._works))
        self._draining.set()
        self._stopping.set()
        for work in self._at_work():
            work.abandon(LAST_WORDS_S)

    @property
    def draining(self) -> bool:
        return self._draining.is_set()

    def _may_end(self) -> bool:
        return (self.draining or self._pulse.revoked.is_set()) and not self._works

    def _at_work(self) -> list[Work]:
        return list(self._works.values())

    def _come_in(self) -> dict[str, Any]:
        """With the credential of before, or by joining with a token. A server that is away is waited for."""
        kept = load(self._settings.credential, self._settings.server)
        about = {
            "tags": list(self._settings.tags),
            "slots": self._settings.slots,
            "version": this_version(),
            "capabilities": self._machine.capabilities(),
        }
        if kept is not None:
            self._server.use(kept)
            return patiently(lambda: self._server.renew(**about, holds_nothing=True), lambda: self.draining)
        if not self._settings.token:
            raise NotAllowed("This agent has not joined yet: give it an enrolment token (--token, HIVE_AGENT_TOKEN).")
        body = {"token": self._settings.token, "name": self._settings.name, **about}
        said = patiently(lambda: self._server.register(body), lambda: self.draining)
        save(self._settings.credential, Credential(self._settings.server, said["agent_id"], said["credential"]))
        logger.warning("action=join agent=%s server=%s", said["agent_id"], self._settings.server)
        return said

    def _ask_on(self, wait_s: float) -> None:
        while not self.draining and not self._pulse.revoked.is_set():
            try:
                patiently(lambda: self._ask(wait_s), lambda: self.draining)
            except Away:
                return
            except ServerError as error:
                logger.warning("action=ask %s", error)
                time.sleep(NO_ROOM_S)

    def _ask(self, wait_s: float) -> None:
        """One look for work: as many jobs as there are free slots, room on the disk, and nobody who holds it back."""
        with self._changed:
            free = self._settings.slots - len(self._works)
            if free < 1 or self._held:
                self._changed.wait(1.0)
                return
        if not self._has_room():
            return
        answer = self._server.call(
            "GET", "/jobs/next", params={"wait": wait_s, "capacity": free}, timeout=wait_s + 15.0
        )
        # It may have filled up meanwhile: what is not acknowledged is offered to somebody else.
        if answer.status_code == 200 and not self.draining and self._has_room():
            for one in answer.json()["jobs"]:
                self._begin(int(one["id"]), str(one["lease"]))

    def _has_room(self) -> bool:
        """Else a pause has passed."""
        room = self._machine.has_room()
        if not room:
            logger.warning("action=ask less than %s MiB are free; no job is taken", self._settings.min_free_mb)
            time.sleep(NO_ROOM_S)
        return room

    def _begin(self, job_id: int, lease: str) -> None:
        work = self._take(job_id, lease)
        threading.Thread(target=self._work, args=(work,), name=work.label, daemon=True).start()

    def _take(self, job_id: int, lease: str) -> Work:
        label = f"job-{job_id}-{lease[:12]}"
        folder = self._settings.jobs / label
        work = Work(self._server, job_id, lease, folder, self._machine.caches, self._takes_more)
        with self._changed:
            self._works[job_id] = work
        self._pulse.begun()
        return work

    def _takes_more(self) -> bool:
        """Whether a job that has ended may be followed by another. Who is asked anew has room on its disk."""
        return not self.draining and not self._held and not self._pulse.revoked.is_set() and self._machine.has_room()

    def _work(self, work: Work | None) -> None:
        """One job, and those that were offered with the answers to the final words: its slot is never free between."""
        while work is not None:
            label = work.label
            try:
                work.run(lambda order: self._machine.sandbox(label, order))  # noqa: B023 - called at once
            finally:
                work = self._leave(work)

    def _leave(self, work: Work) -> Work | None:
        """It has ended. What follows it; what is not begun here is offered to somebody else."""
        with self._changed:
            self._works.pop(work.job_id, None)
            following = self._take(*work.following[0]) if work.following and self._takes_more() else None
            self._changed.notify_all()
        return following

    def _command(self, command: str) -> None:
        logger.warning("action=command %s", command)
        with self._changed:
            if command == "upgrade-needed":
                logger.error("action=upgrade this program is too old for its server: install a newer hive[agent]")
            if command in ("drain", "pause"):
                self._held = True
            elif command == "resume":
                self._held = False
            self._changed.notify_all()
