"""Work: one job, from its acknowledgement to the final word. A thread of the agent's."""

from __future__ import annotations

import base64
import logging
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from apps.fleet.order import BadOrder, Order, read_order
from workers.agent.caches import CacheFolder
from workers.agent.desk import JobDesk
from workers.agent.outgoing import Outgoing
from workers.agent.port import Open, Report
from workers.agent.runner import run
from workers.agent.sending import Sending
from workers.agent.server import Gone, Server, ServerError, patiently

logger = logging.getLogger(__name__)

NOT_WHOLE_S = 0.2
LOST = "The agent was stopped."


class Work:
    """In charge of: the job's folder, its desk, the final word. Not in charge of: the lease (the heartbeat)."""

    def __init__(
        self,
        server: Server,
        job_id: int,
        lease: str,
        folder: Path,
        caches: CacheFolder,
        takes_more: Callable[[], bool] = lambda: False,
    ) -> None:
        self.job_id = job_id
        self.lease = lease
        self._server = server
        self._folder = folder
        self.desk = JobDesk(server, job_id, lease, folder, caches)
        self._began = time.monotonic()
        self._gone = False
        self.acknowledged = False  # then it holds the lease, and the heartbeat names it
        self._hurry_until: float | None = None
        self._takes_more = takes_more  # whether another job may follow in the place of this one
        self.following: list[tuple[int, str]] = []  # what was offered with the answer to the final word: job, lease

    @property
    def label(self) -> str:
        return self._folder.name

    def run(self, open_sandbox: Open) -> None:
        """Never raises. What Hive no longer wants to know is forgotten."""
        try:
            order = self._begin()
            if order is not None:
                self._do(order, open_sandbox)
        except Gone as error:
            logger.warning("action=work job=%s no longer ours: %s", self.job_id, error)
        except Exception:
            logger.exception("action=work job=%s failed", self.job_id)
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _told(self, error: OSError) -> Report:
        """Of this machine, and no fault of the job: a full disk."""
        logger.error("action=work job=%s this machine failed: %s", self.job_id, error)
        return Report("infrastructure", f"The agent's machine failed: {error.strerror or error}.", None)

    def lose(self) -> None:
        """The lease is somebody else's: end everything, and say nothing."""
        self._gone = True
        self.desk.stop("The lease was lost.")

    def cancel(self) -> None:
        self.desk.stop("Canceled.")

    def abandon(self, within_s: float) -> None:
        """The agent ends: so does the job; there is that much time for the final word."""
        self._hurry_until = time.monotonic() + within_s
        self.desk.stop(LOST)

    def _given_up(self) -> bool:
        return self._gone or (self._hurry_until is not None and time.monotonic() > self._hurry_until)

    def _begin(self) -> Order | None:
        """Acknowledge. An order that cannot be read is told as such: a newer agent may read it."""
        answer = self._status({"state": "running"})
        self.acknowledged = True
        try:
            self._folder.mkdir(parents=True, mode=0o700)
            return read_order(answer.json()["order"])
        except OSError as error:
            self._say(self._told(error))
            return None
        except BadOrder as error:
            self._status({"state": "failed", "reason": "infrastructure", "message": str(error)})
            return None

    def _do(self, order: Order, open_sandbox: Open) -> None:
        try:
            outgoing = self.desk.outgoing = Outgoing(self._folder / "output", order.bounds.log_bytes)
        except OSError as error:
            self._say(self._told(error))
            return
        sending = Sending(self._server, self.job_id, self.lease, outgoing, self.lose)
        sending.start()
        try:
            report = self._ran(order, open_sandbox)
            if self._gone:
                return
            try:
                self._upload(report)
                outgoing.close()
            except OSError as error:
                report = report if report.reason else self._told(error)
                with suppress(OSError):
                    outgoing.close()
            sending.finish(self._given_up)  # or the final word would come too early, and be said twice
            self._say(report, outgoing, sending)
        finally:
            sending.give_up()
            outgoing.dispose()

    def _ran(self, order: Order, open_sandbox: Open) -> Report:
        try:
            return run(order, self.desk, open_sandbox)
        except OSError as error:
            return self._told(error)

    def _upload(self, report: Report) -> None:
        """Files that Hive will not take are a reason to fail a job that has not failed otherwise."""
        try:
            self.desk.upload(self._given_up)
        except Gone:
            raise
        except ServerError as error:
            self.desk.output(f"[hive] Not kept: {error}\n".encode())
            if not report.reason:
                report.reason, report.message = "infrastructure", f"Its artifacts could not be kept: {error}"

    def _say(self, report: Report, outgoing: Outgoing | None = None, sending: Sending | None = None) -> None:
        """The final word, until it is heard: an hour later, if that is when Hive is back."""
        body = final_word(report, self.desk.stopped) | {
            "log": {"bytes": outgoing.size_bytes, "crc32": outgoing.crc32} if outgoing else {"bytes": 0, "crc32": 0},
            "prepared_s": report.prepared_s,
            **({"next": 1} if self._takes_more() else {}),
        }
        rest = _rest(outgoing) if outgoing else {}
        while not self._given_up():
            answer = self._status(body | rest)
            if answer.status_code == 200:
                self.following = _offers(answer)
                return
            if rest and sending:
                sending.send_rest(self._given_up)
                rest = {}
            else:
                time.sleep(NOT_WHOLE_S)

    def _status(self, body: dict[str, Any]) -> Any:
        path, said = f"/jobs/{self.job_id}/status", {"lease": self.lease, **body}
        call: Callable[[], Any] = lambda: self._server.call("PUT", path, json=said)  # noqa: E731
        return patiently(call, self._given_up)


def _offers(answer: Any) -> list[tuple[int, str]]:
    """What came with an answer; an older server gives nothing along."""
    with suppress(ValueError, LookupError, TypeError, AttributeError):
        return [(int(one["id"]), str(one["lease"])) for one in answer.json().get("jobs", ())]
    return []


def _rest(outgoing: Outgoing) -> dict[str, Any]:
    """What of the output comes along, if it is short and has not arrived."""
    if not outgoing.only_a_rest or outgoing.arrived == outgoing.size_bytes:
        return {}
    start, data, _ = outgoing.piece()
    return {"output": {"start": start, "data": base64.b64encode(data).decode()}}


def final_word(report: Report, stopped: str | None) -> dict[str, Any]:
    """How the job ended, as the protocol says it. An agent that was stopped has lost its job; another may do it."""
    if stopped is not None:
        lost = {"state": "failed", "reason": "lost"} if stopped == LOST else {"state": "canceled"}
        return {**lost, "message": stopped}
    return {
        "state": "failed" if report.reason else "completed",
        "reason": report.reason,
        "message": report.message[:8000],
        "exit_code": report.exit_code,
        "commands": [_short(asdict(done)) for done in report.commands[:500]],
        **({"counts": asdict(report.tests)} if report.tests else {}),
    }


def _short(done: dict[str, Any]) -> dict[str, Any]:
    return {name: value[:4000] if isinstance(value, str) else value for name, value in done.items()}
