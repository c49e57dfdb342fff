"""What a CI run looks like now: its cells, each by its newest job, and what their tests have shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from apps.ci.waiting import Waits, why_waits
from apps.fleet.why import Known
from apps.runs.models import Job, Run, Task
from apps.runs.plan.workflows import PACKAGE
from apps.runs.states import JobStatus, RunStatus

SHOWN_FAILURES = 50
SHOWN_SLOWEST = 10


@dataclass(frozen=True)
class Tests:
    """Counts of JUnit reports. `failures` and `slowest` are the first and the longest few."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0
    failures: Sequence[Mapping[str, Any]] = ()
    slowest: Sequence[Mapping[str, Any]] = ()

    @property
    def total(self) -> int:
        return self.passed + self.failed + self.skipped


@dataclass(frozen=True)
class CellNow:
    """`job` is the newest attempt; `attempts` are all, oldest first, each with its reason."""

    task: Task
    job: Job
    attempts: Sequence[Job]
    waits: Waits | None = None
    tests: Tests | None = None

    @property
    def exit_code(self) -> int | None:
        value = _mapping(self.job.outcome).get("exit_code")
        return value if isinstance(value, int) else None

    @property
    def is_fetch(self) -> bool:
        return self.task.key == PACKAGE


@dataclass(frozen=True)
class RunNow:
    run: Run
    cells: Sequence[CellNow] = field(default=())

    @property
    def exit_code(self) -> int | None:
        """0 for a run that completed; of one that failed, the first code that is not 0; None before the end."""
        if self.run.status == RunStatus.COMPLETED:
            return 0
        if self.run.status != RunStatus.FAILED:
            return None
        return next((cell.exit_code for cell in self.cells if cell.exit_code), 1)

    @property
    def tests(self) -> Tests | None:
        found = [cell.tests for cell in self.cells if cell.tests]
        return total(found) if found else None

    @property
    def waits(self) -> Waits | None:
        """Of the first cell that waits, where nothing of the run has begun or goes on."""
        if any(cell.job.status == JobStatus.RUNNING for cell in self.cells):
            return None
        return next((cell.waits for cell in self.cells if cell.waits), None)


def run_now(run: Run, tasks_read: Iterable[Task] | None = None, jobs_read: Iterable[Job] | None = None) -> RunNow:
    """Its tasks and jobs may have been read before, or just made: by their position, and oldest first."""
    jobs: dict[int | None, list[Job]] = {}
    for job in run.jobs.order_by("pk") if jobs_read is None else jobs_read:
        jobs.setdefault(job.task_id, []).append(job)
    every = run.tasks.order_by("position") if tasks_read is None else tasks_read
    tasks = [task for task in every if task.pk in jobs]
    known: Known = {}
    return RunNow(run, [_cell(task, jobs[task.pk], known) for task in tasks])


def _cell(task: Task, attempts: Sequence[Job], known: Known) -> CellNow:
    newest = attempts[-1]
    return CellNow(task, newest, attempts, why_waits(newest, known), tests_of(newest))


def tests_of(job: Job) -> Tests | None:
    """What the job's reports said. An agent's words may lack a part, or have one of another kind."""
    counts = _mapping(job.outcome).get("counts")
    if not isinstance(counts, Mapping):
        return None
    return Tests(
        passed=_whole(counts.get("passed")),
        failed=_whole(counts.get("failed")),
        skipped=_whole(counts.get("skipped")),
        seconds=_number(counts.get("seconds")),
        failures=[_failure(one) for one in _list(counts.get("failures"))[:SHOWN_FAILURES]],
        slowest=[
            {"name": str(one.get("name", ""))[:500], "seconds": _number(one.get("seconds"))}
            for one in _list(counts.get("slowest"))[:SHOWN_SLOWEST]
        ],
    )


def _failure(one: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": str(one.get("name", ""))[:500],
        "message": str(one.get("message", ""))[:2000],
        "file": str(one.get("file", ""))[:500],
        "line": _whole(one.get("line")),
    }


def total(found: Sequence[Tests]) -> Tests:
    slowest = sorted((one for tests in found for one in tests.slowest), key=lambda one: -one["seconds"])
    return Tests(
        sum(one.passed for one in found),
        sum(one.failed for one in found),
        sum(one.skipped for one in found),
        sum(one.seconds for one in found),
        [one for tests in found for one in tests.failures][:SHOWN_FAILURES],
        slowest[:SHOWN_SLOWEST],
    )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list | tuple) else []


def _whole(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31 else 0


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) and 0 <= value < 1e9 else 0.0
