"""The report of a run: per thing that was asked for, its task, the test that tried it, the commit, and the result."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from django.db.models import Q

from apps.runs.models import Job, Run, Task
from apps.runs.plan.workflows import ACCEPT, TEST, VERIFY
from apps.runs.states import JobStatus

SEEING = (TEST, VERIFY, ACCEPT)
ENDED = (JobStatus.COMPLETED, JobStatus.FAILED)
Result = Literal["passed", "failed", "not run"]
Outcomes = Mapping[tuple[str, int | None], Mapping[str, Any]]


@dataclass(frozen=True)
class Line:
    """One thing that was asked for, and one test of it. `requirement` has an `id` where the spec says it in words."""

    id: str
    requirement: str
    task: str
    test: str
    commit: str
    result: Result
    message: str


def report_of(run: Run) -> list[Line]:
    """Two queries. What the newest ended job of a step says counts, also where it failed."""
    tasks = list(run.tasks.order_by("position"))
    seen = newest_outcomes(run, tasks)
    lines = [line for task in tasks for line in _of_task(task, seen.get((TEST, task.pk), {}))]
    return [*lines, *_of_site(run, seen.get((ACCEPT, None), {}))]


def newest_outcomes(run: Run, tasks: Sequence[Task]) -> Outcomes:
    """Of the testing of each task, of all together, and of the site: what the newest job that ended has seen."""
    rows = run.jobs.filter(Q(task__in=tasks) | Q(task=None), step__in=SEEING, status__in=ENDED)
    return outcomes_of(rows.only("step", "task", "outcome", "status").order_by("pk"))


def outcomes_of(jobs: Iterable[Job]) -> Outcomes:
    """As newest_outcomes(), of jobs in the order in which they were made."""
    return {
        (job.step, job.task_id): job.outcome if isinstance(job.outcome, Mapping) else {}
        for job in jobs
        if job.step in SEEING and job.status in ENDED
    }


def _of_task(task: Task, tested: Mapping[str, Any]) -> Iterator[Line]:
    """A requirement in words without a test of its own is shown too: nobody has tried it."""
    tests = _parts(tested.get("tests") or task.evidence.get("tests"))
    proven = {one.get("requirement") for one in tests}
    words = {str(one.get("id", "")): str(one.get("text", "")) for one in _parts(task.spec.get("requirements"))}
    for one in tests:
        id = str(one.get("requirement") or "")
        asked = str(one.get("text") or words.get(id) or task.title)
        told = (str(one.get("commit", "")), _result(one), str(one.get("message", "")))
        yield Line(id, asked, task.key, str(one.get("file") or one.get("command") or ""), *told)
    for id, text in words.items():
        if id not in proven:
            yield Line(id, text, task.key, "", task.commit, "not run", task.message)
    if not tests and not words:
        yield Line("", task.title, task.key, "", task.commit, "not run", task.message)


def _of_site(run: Run, accepted: Mapping[str, Any]) -> Iterator[Line]:
    for one in _parts(accepted.get("checks")):
        result: Result = "passed" if one.get("ok") else "failed"
        url, message = str(one.get("url", "")), str(one.get("message", ""))
        yield Line("", "The site answers", "", f"GET {url}", run.commit, result, message)


def _result(one: Mapping[str, Any]) -> Result:
    return "failed" if one.get("reason") or one.get("exit_code", 0) else "passed"


def _parts(value: Any) -> list[Mapping[str, Any]]:
    """Workers wrote it: what is no list of mappings says nothing."""
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []
