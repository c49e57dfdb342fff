"""The report says of all that was asked for what was seen of it, and of what nobody tried that nobody did."""

from __future__ import annotations

import pytest

from apps.runs.models import Job, Run, Task
from apps.runs.plan.workflows import ACCEPT, TEST
from apps.runs.report import report_of
from tests.conftest import People

SPEC = {"requirements": [{"id": "r1", "text": "It greets."}, {"id": "r2", "text": "It says goodbye."}]}
RED = {"command": "python3 -m pytest r1.py", "file": "r1.py", "requirement": "r1", "text": "It greets.",
       "commit": "b" * 40, "exit_code": 1, "reason": "tests_failed", "message": "r1: 1 failed"}  # fmt: skip
OWN = {"command": "./run-tests.sh", "commit": "b" * 40, "exit_code": 0, "reason": "", "message": "3 passed"}


@pytest.fixture
def run(people: People) -> Run:
    run = Run.objects.create(project=people.project, created_by=people.owner, title="A site", commit="a" * 40)
    Task.objects.create(run=run, key="greet", title="Greet", position=0, spec=SPEC, commit="b" * 40)
    return run


def was_tested(run: Run, *tests: dict[str, object], status: str = "failed") -> None:
    task, attempt = run.tasks.get(), run.jobs.count() + 1
    Job.objects.create(
        run=run, task=task, role="testing", step=TEST, attempt=attempt, status=status, outcome={"tests": list(tests)}
    )


def test_each_requirement_has_its_test_its_commit_and_its_result(run: Run) -> None:
    was_tested(run, OWN, RED)
    own, red, untried = report_of(run)
    assert (own.requirement, own.test, own.result) == ("Greet", "./run-tests.sh", "passed")
    assert (red.id, red.requirement, red.task, red.test) == ("r1", "It greets.", "greet", "r1.py")
    assert (red.commit, red.result, red.message) == ("b" * 40, "failed", "r1: 1 failed")
    assert (untried.id, untried.requirement, untried.test, untried.result) == ("r2", "It says goodbye.", "", "not run")


def test_the_newest_that_ended_counts(run: Run) -> None:
    was_tested(run, RED)
    was_tested(run, {**RED, "exit_code": 0, "reason": "", "message": "r1: 1 passed"}, status="completed")
    was_tested(run, RED, status="running")
    assert [(line.id, line.result) for line in report_of(run)] == [("r1", "passed"), ("r2", "not run")]


def test_what_nobody_tried_is_not_called_done(run: Run) -> None:
    Task.objects.create(run=run, key="plain", title="Plain", position=1, spec={})
    assert [line.result for line in report_of(run)] == ["not run"] * 3


def test_the_site_is_asked_for_too(run: Run) -> None:
    check = {"url": "http://devsite/", "ok": False, "message": "It answered 500."}
    Job.objects.create(run=run, role="monitoring", step=ACCEPT, status="failed", outcome={"checks": [check]})
    line = report_of(run)[-1]
    assert (line.test, line.result, line.message) == ("GET http://devsite/", "failed", "It answered 500.")
    assert (line.task, line.commit) == ("", "a" * 40)


@pytest.mark.parametrize("outcome", [{}, {"tests": "all"}, {"tests": [1]}, {"tests": None}])
def test_an_outcome_that_says_nothing_breaks_nothing(run: Run, outcome: object) -> None:
    Job.objects.create(run=run, task=run.tasks.get(), role="testing", step=TEST, status="failed", outcome=outcome)
    assert {line.result for line in report_of(run)} == {"not run"}
