"""What waits in each queue, and what each worker does: for the operators' faces."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from kombu.exceptions import KombuError

from apps.events import clock
from apps.runs.due import due_jobs
from apps.runs.models import Job, Queue, Worker
from apps.runs.plan.workflows import ROLES
from apps.runs.services.dispatch import queue_lengths
from apps.runs.services.presence import SILENT, name_prefix
from apps.runs.states import JobStatus

COUNTED = 10_000  # of what is due, over all queues: beyond that nobody needs the number
SHOWN = 500


@dataclass(frozen=True)
class WorkerNow:
    """`state`: working, idle; draining (finishes what it does), drained (does nothing any more); silent."""

    worker: Worker
    jobs: list[Job]
    state: str

    @property
    def is_drained(self) -> bool:
        return self.worker.draining_at is not None


@dataclass
class QueueNow:
    """`due`: jobs that could begin, had somebody the time; `messages` is None where the broker does not answer."""

    role: str
    row: Queue
    due: int = 0
    oldest_at: datetime | None = None
    running: int = 0
    messages: int | None = None
    workers: list[WorkerNow] = field(default_factory=list)

    @property
    def is_paused(self) -> bool:
        return self.row.is_paused

    @property
    def processes(self) -> int:
        """Of its workers, which may serve other queues too."""
        return sum(one.worker.processes for one in self.workers)

    @property
    def busy(self) -> int:
        return min(sum(len(one.jobs) for one in self.workers), self.processes)


def workers_now() -> list[WorkerNow]:
    """Every worker that is known, by name, with what it does at the moment. Two queries."""
    now, running = clock.now(), _running()
    return [_worker_now(worker, running, now) for worker in Worker.objects.select_related("draining_by")[:SHOWN]]


def worker_now(worker: Worker) -> WorkerNow:
    return _worker_now(worker, _running(), clock.now())


def queues_now(workers: Sequence[WorkerNow]) -> list[QueueNow]:
    """The five queues in pipeline order."""
    rows = {row.role: row for row in Queue.objects.select_related("paused_by")}
    messages = _messages()
    queues = {role: QueueNow(role, rows.get(role) or Queue(role=role), messages=messages.get(role)) for role in ROLES}
    for role, queued_at in due_jobs().order_by("queued_at").values_list("role", "queued_at")[:COUNTED]:
        queue = queues[role]
        queue.due += 1
        queue.oldest_at = queue.oldest_at or queued_at
    for role in Job.objects.filter(status=JobStatus.RUNNING).values_list("role", flat=True)[:COUNTED]:
        queues[role].running += 1
    for worker in workers:
        for role in worker.worker.queues:
            if role in queues and not worker.is_drained and worker.state != "silent":
                queues[role].workers.append(worker)
    return list(queues.values())


def _messages() -> dict[str, int]:
    try:
        return queue_lengths(ROLES)
    except (KombuError, ConnectionError, OSError):
        return {}


def _running() -> dict[str, list[Job]]:
    """The running jobs by the beginning of their worker's name."""
    found: dict[str, list[Job]] = defaultdict(list)
    running = Job.objects.filter(status=JobStatus.RUNNING).select_related("run__project", "task").order_by("pk")
    for job in running[: 4 * SHOWN]:
        found[f"{job.worker.rpartition('/')[0]}/"].append(job)
    return found


def _worker_now(worker: Worker, running: dict[str, list[Job]], now: datetime) -> WorkerNow:
    jobs = running.get(name_prefix(worker), [])
    return WorkerNow(worker, jobs, _state(worker, busy=bool(jobs), since_seen=now - worker.seen_at))


def _state(worker: Worker, *, busy: bool, since_seen: timedelta) -> str:
    if since_seen > SILENT:
        return "silent"
    if worker.draining_at is not None:
        return "draining" if busy else "drained"
    return "working" if busy else "idle"
