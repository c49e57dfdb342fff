"""Sending: the thread that brings a job's output to Hive: twice a second, or as soon as a whole piece has gathered.

Its end goes along with the final word, where it is short: most jobs print a few lines, and need no request for them.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable

import httpx

from workers.agent.outgoing import Outgoing
from workers.agent.server import Gone, Refused, Server, ServerError, patiently

logger = logging.getLogger(__name__)

EVERY_S = 0.5
LOOK_S = 0.25
RANGE = re.compile(r"bytes=0-(\d+)")


class Sending:
    """Ends when all but a short rest has arrived, or the job is no longer ours: then `on_gone` is called."""

    def __init__(
        self, server: Server, job_id: int, lease: str, outgoing: Outgoing, on_gone: Callable[[], None]
    ) -> None:
        self._server = server
        self._job_id = job_id
        self._lease = lease
        self._outgoing = outgoing
        self._on_gone = on_gone
        self._given_up = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"log-{job_id}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def finish(self, give_up: Callable[[], bool]) -> None:
        """Wait until all but a rest has arrived, or it is plain that it will not. Close what is to be sent before."""
        while self._thread.is_alive() and not give_up():
            self._thread.join(LOOK_S)

    def send_rest(self, give_up: Callable[[], bool]) -> None:
        """For a server that does not take it with the final word. Raises ServerError."""
        while not give_up() and not self._send_all():
            self._given_up.wait(LOOK_S)

    def give_up(self) -> None:
        self._given_up.set()
        self._outgoing.fresh.set()

    def _run(self) -> None:
        try:
            while not self._given_up.is_set():
                self._outgoing.fresh.wait(EVERY_S)
                self._outgoing.fresh.clear()
                if self._outgoing.only_a_rest or self._send_all():
                    return
        except Gone:
            self._on_gone()
        except Refused as error:
            logger.warning("action=send_log job=%s %s; no more output is sent", self._job_id, error)
        except ServerError as error:
            logger.warning("action=send_log job=%s %s", self._job_id, error)

    def _send_all(self) -> bool:
        """Until nothing is left that can be sent now; True at the end of it all."""
        while not self._given_up.is_set():
            start, data, is_last = self._outgoing.piece()
            if not data:
                return self._outgoing.closed and self._outgoing.arrived == self._outgoing.size_bytes
            total = str(start + len(data)) if is_last else "*"
            answer = patiently(lambda: self._send(start, data, total), self._given_up.is_set, self._given_up.wait)  # noqa: B023
            self._outgoing.arrived = arrived_of(answer)
            if self._outgoing.arrived <= start:
                return False  # all of it may be the beginning of a secret: it goes with what follows
        return False

    def _send(self, start: int, data: bytes, total: str) -> httpx.Response:
        headers = {
            "Content-Range": f"bytes {start}-{start + len(data) - 1}/{total}",
            "Content-Type": "application/octet-stream",
            "Hive-Lease": self._lease,
        }
        return self._server.call("PATCH", f"/jobs/{self._job_id}/log", content=data, headers=headers)


def arrived_of(answer: httpx.Response) -> int:
    match = RANGE.fullmatch(answer.headers.get("Range", ""))
    return int(match[1]) + 1 if match else 0
