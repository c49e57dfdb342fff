"""What was seen of each task: outputs, tests, checks. A worker's words may lack a part; a page shows what is there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from apps.dashboard.reads.run_rows import MOST_DRAWN, RunRows
from apps.runs.models import Job, Task
from apps.runs.plan.workflows import ACCEPT, TEST, VERIFY
from apps.runs.report import newest_outcomes, outcomes_of


@dataclass(frozen=True)
class TestSeen:
    """One test command, as it went at one commit."""

    command: str
    ok: bool
    message: str = ""
    commit: str = ""
    seconds: float | None = None
    passed: int | None = None
    failed: int | None = None
    skipped: int | None = None
    requirement: str = ""  # what it shows, in words, where the tester wrote it


@dataclass(frozen=True)
class CheckSeen:
    """One acceptance check: a request to the running site."""

    url: str
    ok: bool
    status: int | None = None
    took_ms: float | None = None
    message: str = ""


@dataclass(frozen=True)
class TaskEvidence:
    task: Task
    outputs: Sequence[str]
    tests: Sequence[TestSeen]


@dataclass(frozen=True)
class Evidence:
    tasks: Sequence[TaskEvidence]
    left_out: int
    whole: Sequence[TestSeen]  # the tests once more, where all tasks were merged
    checks: Sequence[CheckSeen]


def evidence_of(rows: RunRows) -> Evidence:
    """Of the first tasks. What the newest ended job of a step says counts, also where it failed."""
    tasks = rows.first_tasks[:MOST_DRAWN]
    left_out = 0 if rows.is_drawn else rows.run.tasks.count() - MOST_DRAWN
    newest = outcomes_of(rows.jobs) if rows.is_drawn else newest_outcomes(rows.run, tasks)
    return Evidence(
        tasks=[_task(task, newest.get((TEST, task.pk), {})) for task in tasks],
        left_out=left_out,
        whole=read_tests(newest.get((VERIFY, None), {}).get("tests")),
        checks=read_checks(newest.get((ACCEPT, None), {}).get("checks")),
    )


def _task(task: Task, tested: Mapping[str, Any]) -> TaskEvidence:
    seen = _mapping(task.evidence)
    return TaskEvidence(
        task=task,
        outputs=[_path(output) for output in _list(seen.get("outputs"))],
        tests=read_tests(tested.get("tests") or seen.get("tests")),
    )


def _path(output: Any) -> str:
    return str(output.get("path", "")) if isinstance(output, Mapping) else str(output)


def read_tests(value: Any) -> list[TestSeen]:
    return [_test(one) for one in _list(value) if isinstance(one, Mapping)]


def _test(one: Mapping[str, Any]) -> TestSeen:
    counts = _mapping(one.get("counts") or one)
    return TestSeen(
        command=str(one.get("command", "")),
        ok=not one.get("reason") and one.get("exit_code", 0) == 0,
        message=str(one.get("message", "")),
        commit=str(one.get("commit", "")),
        seconds=_number(one.get("seconds")),
        passed=_whole(counts.get("passed")),
        failed=_whole(counts.get("failed")),
        skipped=_whole(counts.get("skipped")),
        requirement=f"{one.get('requirement') or ''} {one.get('text') or ''}".strip(),
    )


def read_checks(value: Any) -> list[CheckSeen]:
    return [
        CheckSeen(
            url=str(one.get("url", "")),
            ok=bool(one.get("ok")),
            status=_whole(one.get("status")),
            took_ms=_number(one.get("took_ms")),
            message=str(one.get("message", "")),
        )
        for one in _list(value)
        if isinstance(one, Mapping)
    ]


def tests_of(job: Job) -> list[TestSeen]:
    return read_tests(_mapping(job.outcome).get("tests"))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) else None
