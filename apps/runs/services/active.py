"""ActiveJob: a claimed job as its work sees it. The work reads the spec, prints, tells, and is told to stop."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from apps.events.masking import mask_text
from apps.events.services import record
from apps.projects.models import Project
from apps.projects.secrets import values_to_mask
from apps.providers.configured import keys
from apps.runs.models import Job, Run, Task
from apps.runs.services.outage import outlast
from apps.runs.services.output import LeaseLost, LogWriter
from apps.runs.states import JobStatus, Reason
from apps.sql.execute import carried_out

HELD = "SELECT id FROM runs_job WHERE id = %s AND lease_token = %s AND status = %s"


@dataclass(frozen=True)
class StopRequest:
    reason: str
    message: str


def never_shown(project: Project) -> list[str]:
    """What is masked wherever something of this project is stored or shown: its secrets and Hive's own."""
    return [*values_to_mask(project), *keys(), *settings.OWN_SECRETS]


class ActiveJob:
    """In charge of: the lease's token on every write, the job's output, the request to stop.

    Not in charge of: renewing the lease (Pulse), how the job ends (perform), what the work is.
    """

    def __init__(self, row: Job) -> None:
        self.row = row
        self.log = LogWriter(row.pk, row.lease_token, secrets=lambda: self.secrets)
        self._stop: StopRequest | None = None
        self._on_stop: list[Callable[[StopRequest], None]] = []
        self._lock = threading.Lock()

    @property
    def run(self) -> Run:
        return self.row.run

    @property
    def task(self) -> Task:
        """The job's task. Steps of the whole run have none; asking is a bug."""
        if self.row.task is None:
            raise LookupError(f"{self.row} belongs to the whole run, not to one task.")
        return self.row.task

    @property
    def spec(self) -> dict[str, Any]:
        """The run's spec as validated; empty for a workflow without one."""
        return self.run.spec_version.data if self.run.spec_version else {}

    def print(self, text: str) -> None:
        """Add a line of Hive's own to the job's output."""
        self.log.write(f"{text}\n".encode())

    @cached_property
    def secrets(self) -> list[str]:
        """What must not be stored, wherever this job prints it: the project's secrets and Hive's own."""
        return outlast(lambda: never_shown(self.run.project), "mask")

    @contextmanager
    def held(self) -> Iterator[None]:
        """A transaction in which the lease is ours, and stays so to its end. Raises LeaseLost if it is not."""
        lock = " FOR NO KEY UPDATE" if connection.features.has_select_for_no_key_update else ""
        with transaction.atomic():
            with carried_out(HELD + lock, [self.row.pk, self.row.lease_token, str(JobStatus.RUNNING)]) as cursor:
                if cursor.fetchone() is None:
                    raise LeaseLost(f"{self.row} is no longer held under this lease.")
            yield

    def emit(self, type: str, **data: Any) -> None:
        """Record an event of this job. Raises LeaseLost if the job is no longer ours."""
        shown = self.masked(data)

        def once() -> None:
            with self.held():
                record(self.row.run_id, type, shown, job_id=self.row.pk)

        outlast(once, "emit")

    def masked(self, data: Any) -> Any:
        """The same data with every secret in its texts masked."""
        if isinstance(data, str):
            return mask_text(data, self.secrets)
        if isinstance(data, dict):
            return {key: self.masked(value) for key, value in data.items()}
        if isinstance(data, list | tuple):
            return [self.masked(value) for value in data]
        return data

    @property
    def stopping(self) -> StopRequest | None:
        return self._stop

    def on_stop(self, call: Callable[[StopRequest], None]) -> None:
        """Call this when the job is to stop, from another thread; at once if it is already so."""
        with self._lock:
            self._on_stop.append(call)
            already = self._stop
        if already:
            call(already)

    def stop(self, reason: str, message: str) -> None:
        """Ask the work to end. The first reason stands."""
        with self._lock:
            if self._stop:
                return
            self._stop = StopRequest(reason, message)
            calls = list(self._on_stop)
        for call in calls:
            call(self._stop)

    def lose(self) -> None:
        self.stop(Reason.LOST, "The lease ran out or was taken away; somebody else may be doing this job.")
