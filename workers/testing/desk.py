"""Desk: where the output and files of a job go that a Celery worker does by an order. Agents have one of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import BinaryIO

from django.conf import settings

from apps.artifacts.services.save import NameTaken, save
from apps.artifacts.store import NotStored, store
from apps.fleet.order import Cache, Order, Package
from apps.runs.outcome import JobFailed
from apps.runs.services.active import ActiveJob
from apps.runs.states import Reason
from workers.agent.room import full
from workers.agent.sandboxes import sandbox_for
from workers.engine import engine
from workers.places import label_of, work_folder
from workers.sandbox.chunks import as_file
from workers.sandbox.port import Sandbox
from workers.testing.caches import Caches


class JobDesk:
    """See workers.agent.port.Desk."""

    def __init__(self, job: ActiveJob) -> None:
        self._job = job
        self._caches = Caches(settings.HOME.caches / str(job.run.project_id))

    def output(self, data: bytes) -> None:
        self._job.log.write(data)

    def package(self, package: Package) -> BinaryIO:
        try:
            return as_file(store().get(package.source))
        except NotStored as error:
            raise JobFailed(Reason.BAD_PACKAGE, "The package of this run is no longer kept. Submit it anew.") from error

    def keep(self, name: str, kind: str, content: BinaryIO, size_bytes: int) -> None:  # noqa: ARG002 - as the port has it
        """A name that no artifact can have, or that this job has used, is said in the log and costs nothing else."""
        try:
            save(self._job, name, kind, content)
        except (NameTaken, ValueError) as error:
            self._job.print(f"[hive] Not kept: {error}")

    def restore(self, cache: Cache) -> BinaryIO | None:
        return self._caches.get(cache.key)

    def store(self, cache: Cache, tar: Iterator[bytes]) -> None:
        self._caches.put(cache.key, tar)

    def trouble(self) -> str:
        return full(work_folder())

    def on_stop(self, call: Callable[[str], None]) -> None:
        self._job.on_stop(lambda stop: call(stop.message))


def sandbox_of(job: ActiveJob, order: Order) -> AbstractContextManager[Sandbox]:
    """A fresh sandbox as the order asks. One that names an image, and no kind, gets a container."""
    scratch, label = work_folder(), label_of(job)
    return sandbox_for(order, usual=settings.SANDBOX, scratch=scratch, label=label, engine=engine())
