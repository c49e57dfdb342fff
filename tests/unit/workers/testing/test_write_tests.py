"""testing.write: a model writes tests from requirements, and they count once they were seen to fail."""

from __future__ import annotations

from typing import Any

import pytest

from apps.runs.models import Run
from apps.runs.outcome import JobFailed, Outcome
from apps.runs.services.advance import decide_and_prepare
from apps.runs.services.finish import finish
from hive.home import Home
from tests.conftest import People
from tests.providers import KEY, Provider, Talk, calls, scripted
from tests.unit.workers.jobs import held, planned
from workers.coding.failure import last_failure
from workers.coding.write import write
from workers.places import repository_of
from workers.testing import run_tests
from workers.testing.author.write_tests import write_tests

pytestmark = pytest.mark.django_db(transaction=True)

PLAN: dict[str, Any] = {
    "engine": "model",
    "inputs": [],
    "requirements": ["The page greets", "The page has a title"],
    "constraints": {"sandbox": "process"},
}
FILES = {"r1": "acceptance_tests/site/greets.sh", "r2": "acceptance_tests/site/title.sh"}
GREETS = calls("write", path=FILES["r1"], content="grep -q Hello tasks/site/index.html\n")
TITLE = calls("write", path=FILES["r2"], content="grep -q '<title>' tasks/site/index.html\n")
PAGE = "<title>Hi</title><h1>Hello</h1>\n"


def submit(**lines: str) -> Talk:
    tests = [{"requirement": id, "file": FILES[id], "run": lines.get(id, f"sh {FILES[id]}")} for id in FILES]
    return calls("submit", summary="Two tests.", tests=tests)


def use(settings: Any, provider: Provider) -> None:
    settings.MODELS = {"": ["anthropic/claude-sonnet-4-5"]}
    settings.MODEL_API_KEY, settings.MODEL_API_BASE = KEY, provider.address("anthropic")


def told(
    people: People, settings: Any, *turns: Talk, run: Run | None = None, attempt: int = 1
) -> tuple[Run, Outcome, Provider]:
    """The tester's job, with a model that says this; it is recorded."""
    run = run or planned(people, **PLAN)
    with scripted(turns) as provider:
        use(settings, provider)
        active = held(run, "testing.write", run.tasks.get(), attempt=attempt)
        outcome = write_tests(active)
    finish(active, outcome, run.epoch)
    return Run.objects.get(pk=run.pk), outcome, provider


def coded(run: Run, settings: Any, *turns: Talk, round: int = 1) -> Outcome:
    """The coder's job, likewise."""
    with scripted([*turns, calls("submit", summary="Done.")]) as provider:
        use(settings, provider)
        active = held(run, "coding.code", run.tasks.get(), round=round)
        outcome = write(active)
    finish(active, outcome, run.epoch)
    return outcome


def after_tests(run: Run) -> Outcome:
    return run_tests.test(held(run, "testing.test", run.tasks.get()))


def test_tests_that_fail_first_are_committed_on_a_branch_of_their_own(
    people: People, home: Home, settings: Any
) -> None:
    stray = calls("write", path="notes.txt", content="not a test\n")
    run, outcome, _ = told(people, settings, GREETS, TITLE, stray, submit())
    repository = repository_of(people.project)
    commit = outcome.data["acceptance"]["commit"]
    assert outcome.status == "completed", outcome.message
    assert repository.files(commit) == sorted(FILES.values())
    assert repository.resolve(f"hive/tests/run-{run.pk}/site") == commit
    assert run.tasks.get().evidence["acceptance"]["base"] == run.base_commit


def test_a_test_that_passes_already_or_runs_nothing_goes_back_with_what_was_seen(
    people: People, home: Home, settings: Any
) -> None:
    empty = calls("write", path=FILES["r1"], content="# nothing\n")
    none = calls("write", path=FILES["r2"], content="echo 'Ran 0 tests in 0.0s'; exit 5\n")
    _, outcome, provider = told(people, settings, empty, none, submit(), GREETS, TITLE, submit())
    assert outcome.status == "completed"
    refusal = provider.seen[3].last
    assert "passes already" in refusal
    assert "ran no test" in refusal


def test_a_tester_that_goes_on_with_empty_tests_is_refused(people: People, home: Home, settings: Any) -> None:
    empty = [calls("write", path=path, content="true\n") for path in FILES.values()]
    with pytest.raises(JobFailed, match="no tests that fail while the code is missing, in 3 rounds") as caught:
        told(people, settings, *empty, submit(), submit(), submit())
    assert caught.value.outcome.reason == "tests_refused"


def test_what_is_missing_is_said_before_anything_runs(people: People, home: Home, settings: Any) -> None:
    one = calls("submit", summary="One.", tests=[{"requirement": "r1", "file": FILES["r1"], "run": "true"}])
    _, outcome, provider = told(people, settings, GREETS, one, TITLE, submit())
    assert outcome.status == "completed"
    assert "There is no test for r2" in provider.seen[2].last
    assert "does not name the file" in provider.seen[2].last


def test_a_command_that_is_not_there_is_no_failing_test(people: People, home: Home, settings: Any) -> None:
    missing = submit(r1=f"no-such-runner {FILES['r1']}")
    _, outcome, provider = told(people, settings, GREETS, TITLE, missing, submit())
    assert outcome.status == "completed"
    assert "cannot be run" in provider.seen[3].last


def test_the_coder_sees_the_tests_and_they_run_at_its_commit(people: People, home: Home, settings: Any) -> None:
    run, _, _ = told(people, settings, GREETS, TITLE, submit())
    outcome = coded(run, settings, calls("write", path="/workspace/tasks/site/index.html", content="<h1>Hello</h1>\n"))
    assert outcome.status == "completed"
    red = after_tests(Run.objects.get())
    assert red.reason == "tests_failed"
    assert [(one.get("requirement"), bool(one["reason"])) for one in red.data["tests"]] == [
        (None, False),
        ("r1", False),
        ("r2", True),
    ]


def test_a_coder_that_tampers_with_them_changes_nothing(people: People, home: Home, settings: Any) -> None:
    run, before, _ = told(people, settings, GREETS, TITLE, submit())
    refused = calls("write", path=f"/workspace/{FILES['r1']}", content="true\n")
    forced = calls(
        "shell",
        command='cd "$HIVE_WORKSPACE" && mkdir -p tasks/site && echo > tasks/site/index.html && for f in'
        " acceptance_tests/site/*; do echo true > $f; done; echo true > acceptance_tests/site/more.sh",
    )
    outcome = coded(run, settings, refused, forced)
    repository = repository_of(people.project)
    tests = before.data["acceptance"]["commit"]
    assert repository.tree_at(outcome.data["commit"], "acceptance_tests") == repository.tree_at(
        tests, "acceptance_tests"
    )
    assert outcome.data["touched"] == []
    red = after_tests(Run.objects.get())
    assert [one["requirement"] for one in red.data["tests"] if one["reason"]] == ["r1", "r2"]


def test_also_a_commit_that_has_other_tests_is_judged_by_the_testers(people: People, home: Home, settings: Any) -> None:
    run, _, _ = told(people, settings, GREETS, TITLE, submit())
    coded(run, settings, calls("write", path="/workspace/tasks/site/index.html", content="nothing\n"))
    repository, task = repository_of(people.project), run.tasks.get()
    bare = repository.with_folder(repository.tree_at(task.commit, ""), "acceptance_tests", "")
    type(task).objects.update(commit=repository.write_commit(bare, [task.commit], "No tests"))
    red = after_tests(Run.objects.get())
    assert [one["requirement"] for one in red.data["tests"] if one["reason"]] == ["r1", "r2"]


def test_a_successor_goes_on_with_the_conversation_and_pays_for_nothing_twice(
    people: People, home: Home, settings: Any
) -> None:
    run = planned(people, **PLAN)
    with scripted([GREETS]) as provider:
        use(settings, provider)
        first = held(run, "testing.write", run.tasks.get())
        with pytest.raises(JobFailed):
            write_tests(first)
    run.jobs.filter(step="testing.write").update(status="failed", reason="lost")
    _, outcome, second = told(people, settings, TITLE, submit(), run=run, attempt=2)
    assert outcome.status == "completed", outcome.message
    assert len(second.seen) == 2
    assert "Wrote acceptance_tests/site/greets.sh" in str(second.seen[0].messages)


def test_a_repair_takes_over_the_tests_of_the_run_that_it_repairs(people: People, home: Home, settings: Any) -> None:
    run, before, _ = told(people, settings, GREETS, TITLE, submit())
    child = planned(people, **PLAN)
    Run.objects.filter(pk=child.pk).update(cause="repair", parent=run)
    _, outcome, provider = told(people, settings, run=Run.objects.get(pk=child.pk))
    assert provider.seen == []
    assert outcome.data["acceptance"]["tests"] == before.data["acceptance"]["tests"]


def test_verified_when_every_requirement_is_met(people: People, home: Home, settings: Any) -> None:
    run, _, _ = told(people, settings, GREETS, TITLE, submit())
    coded(run, settings, calls("write", path="/workspace/tasks/site/index.html", content=PAGE))
    outcome = after_tests(Run.objects.get())
    assert outcome.status == "completed", outcome.message
    assert {one["commit"] for one in outcome.data["tests"]} == {run.tasks.get().commit}


def test_the_coder_is_told_what_failed_with_the_requirement_and_the_end_of_the_output(
    people: People, home: Home, settings: Any
) -> None:
    loud = calls(
        "write", path=FILES["r1"], content="grep -q Hello tasks/site/index.html || { echo no greeting; exit 1; }\n"
    )
    run, _, _ = told(people, settings, loud, TITLE, submit())
    coded(run, settings, calls("write", path="/workspace/tasks/site/index.html", content="<title>Hi</title>\n"))
    active = held(run, "testing.test", run.tasks.get())
    finish(active, run_tests.test(active), run.epoch)
    said = last_failure(run.tasks.get(), 2)
    assert f"### `sh {FILES['r1']}`" in said
    assert "It shows the requirement: The page greets" in said
    assert "no greeting" in said
    assert FILES["r2"] not in said


def test_the_same_failure_after_a_repair_ends_the_run_early(people: People, home: Home, settings: Any) -> None:
    run, _, _ = told(people, settings, GREETS, TITLE, submit(), run=planned(people, **PLAN, repair={"rounds": 5}))
    page = calls("write", path="/workspace/tasks/site/index.html", content="<title>Hi</title>\n")
    for round, turns in ((1, [page]), (2, [])):
        coded(run, settings, *turns, round=round)
        active = held(run, "testing.test", run.tasks.get(), round=round)
        finish(active, run_tests.test(active), run.epoch)
        decide_and_prepare(run.pk)
        run.refresh_from_db()
    assert (run.status, run.reason) == ("failed", "same_failure")
    assert "changed nothing about the failure" in run.message
