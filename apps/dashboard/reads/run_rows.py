"""The tasks, jobs and gates of a run, read once for all parts of its page that show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from django.db.models import Case, When

from apps.runs.models import Gate, Job, Run, Task
from apps.runs.progress import Progress, progress_among, progress_of
from apps.runs.states import JobStatus

MOST_DRAWN = 60  # tasks; a larger plan is counted, not drawn
SHOWN = 100  # jobs, the newest so many; a run of thousands of tasks is read in its plan and its events
RANK: Mapping[str, int] = {
    JobStatus.RUNNING: 0,
    JobStatus.FAILED: 1,
}  # of the jobs whose log a visitor wants to see first


class RunRows:
    """Of a run whose plan is drawn, every job is read; of a larger one only what is shown."""

    def __init__(self, run: Run) -> None:
        self.run = run

    @cached_property
    def first_tasks(self) -> Sequence[Task]:
        """By position: the first ones, and one more where there are more."""
        return list(self.run.tasks.order_by("position")[: MOST_DRAWN + 1])

    @property
    def is_drawn(self) -> bool:
        return len(self.first_tasks) <= MOST_DRAWN

    @cached_property
    def jobs(self) -> Sequence[Job]:
        """All of them, in the order in which they were made. Where the plan is drawn."""
        tasks = {task.pk: task for task in self.first_tasks}
        jobs = list(self.run.jobs.order_by("pk"))
        for job in jobs:
            if job.task_id in tasks:
                job.task = tasks[job.task_id]
        return jobs

    @cached_property
    def gates(self) -> Sequence[Gate]:
        """All of them, in the order in which they were made; those in which a job asked name the job and its task."""
        gates = self.run.gates.select_related("decided_by", "job__task")
        return list(gates.defer("job__outcome", "job__task__spec").order_by("pk"))

    @property
    def so_far(self) -> tuple[Sequence[Task], Sequence[Job], Sequence[Gate]]:
        """What has been read of them by now, for who can do without."""
        read = self.__dict__
        return read.get("first_tasks", ()), read.get("jobs", ()), read.get("gates", ())

    def progress(self) -> Progress:
        if self.is_drawn:
            return progress_among(self.run, self.first_tasks, self.jobs, self.gates)
        return progress_of([self.run])[self.run.pk]

    def newest_jobs(self) -> tuple[list[Job], int]:
        """The newest ones, and how many more there are."""
        if self.is_drawn:
            return list(self.jobs[-SHOWN:]), max(len(self.jobs) - SHOWN, 0)
        found = self.run.jobs.select_related("task").defer("outcome", "task__spec", "task__evidence")
        return list(found.order_by("-pk")[:SHOWN]), max(self.run.jobs.count() - SHOWN, 0)

    def job_to_show(self) -> Job | None:
        """Whose log a visitor wants to see first: the newest that runs, else that failed, else that ran at all."""
        if self.is_drawn:
            return min(self.jobs, key=lambda job: (_rank(job), -job.pk), default=None)
        ranked = [When(status=status, then=rank) for status, rank in RANK.items()]
        rank = Case(*ranked, When(started_at__isnull=False, then=len(RANK)), default=len(RANK) + 1)
        return self.run.jobs.select_related("task").order_by(rank, "-pk").first()


def _rank(job: Job) -> int:
    return RANK.get(job.status, len(RANK) + (job.started_at is None))
