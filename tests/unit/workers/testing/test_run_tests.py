"""testing.test: in a sandbox of its own, at the commit, every command, with a report."""

import json

import pytest

from apps.artifacts.models import Artifact
from apps.artifacts.store import store
from apps.events.models import Event
from apps.projects.secrets import put_secret
from apps.runs.models import Run, Task
from apps.runs.outcome import JobFailed
from hive.home import Home
from tests.conftest import People
from tests.unit.workers.jobs import held, planned, printed
from workers.coding.write import write
from workers.testing import run_tests

JUNIT = "mkdir test-results; echo '<testsuite><testcase name=\"a\"/></testsuite>' > test-results/r.xml"


@pytest.fixture(autouse=True)
def _process_sandbox(settings: object) -> None:
    """Unit tests need nothing of the machine; the contract tests try every kind."""
    settings.SANDBOX = "process"  # type: ignore[attr-defined]


def written(people: People, *commands: dict[str, object] | str) -> Run:
    """A run whose code is written and whose tests are these."""
    tests = [{"run": one} if isinstance(one, str) else one for one in commands]
    run = planned(people, tests=tests)
    outcome = write(held(run, "coding.code", run.tasks.get()))
    Task.objects.update(commit=outcome.data["commit"])
    return run


def test_a_pass_is_told_with_its_commit(people: People, home: Home) -> None:
    run = written(people, "test -f index.html", JUNIT)
    outcome = run_tests.test(held(run, "testing.test", run.tasks.get()))
    assert outcome.status == "completed"
    assert [one["commit"] for one in outcome.data["tests"]] == [run.tasks.get().commit] * 2
    assert outcome.data["tests"][1]["counts"]["passed"] == 1


def test_every_command_runs_also_after_a_red_one(people: People, home: Home) -> None:
    run = written(people, "echo first; exit 3", "echo second")
    active = held(run, "testing.test", run.tasks.get())
    outcome = run_tests.test(active)
    assert (outcome.status, outcome.reason) == ("failed", "tests_failed")
    assert "second" in printed(active)
    assert Event.objects.filter(type="test_run").count() == 2


def test_a_command_starts_in_the_tasks_home_or_where_it_asks(people: People, home: Home) -> None:
    run = written(people, "pwd", {"run": "pwd", "dir": "/workspace/tasks"})
    active = held(run, "testing.test", run.tasks.get())
    run_tests.test(active)
    lines = printed(active).splitlines()
    assert [line.rpartition("/")[2] for line in lines if line.startswith("/")] == ["site", "tasks"]


def test_the_tester_sees_the_commit_and_not_what_lay_around(people: People, home: Home) -> None:
    run = written(people, "find . -type f | sort")
    active = held(run, "testing.test", run.tasks.get())
    run_tests.test(active)
    assert "./index.html\n[hive]" in printed(active)


def test_the_report_is_kept(people: People, home: Home) -> None:
    run = written(people, "true")
    run_tests.test(held(run, "testing.test", run.tasks.get()))
    artifact = Artifact.objects.get(name="tests.json")
    report = json.loads(b"".join(store().get(artifact.store_key)))
    assert report[0]["command"] == "true"


def test_the_whole_is_tested_where_everything_is_merged(people: People, home: Home) -> None:
    run = written(people, "test -f index.html")
    Run.objects.update(commit=run.tasks.get().commit)
    outcome = run_tests.verify(held(Run.objects.get(), "testing.verify"))
    assert outcome.status == "completed"


def test_a_test_that_takes_too_long_is_a_timeout(people: People, home: Home) -> None:
    run = written(people, {"run": "sleep 60", "timeout": 0.5})
    outcome = run_tests.test(held(run, "testing.test", run.tasks.get()))
    assert outcome.reason == "timed_out"


def test_a_secret_reaches_only_the_commands_that_name_it_and_never_the_log(people: People, home: Home) -> None:
    put_secret(people.project, "TOKEN", "sw0rdfish-sw0rdfish")
    run = written(people, 'echo "token: $TOKEN"')
    silent = held(run, "testing.test", run.tasks.get())
    run_tests.test(silent)
    assert "token: \n" in printed(silent)
    task = run.tasks.get()
    task.spec["secrets"] = ["TOKEN"]
    task.save()
    told = held(run, "testing.test", task, attempt=2)
    run_tests.test(told)
    assert "token: [masked]\n" in printed(told)


def test_the_report_of_a_red_command_does_not_hold_the_secret_that_it_printed(people: People, home: Home) -> None:
    put_secret(people.project, "TOKEN", "sw0rdfish-sw0rdfish")
    run = written(people, "echo sw0rdfish-sw0rdfish; exit 1")
    run_tests.test(held(run, "testing.test", run.tasks.get()))
    report = b"".join(store().get(Artifact.objects.get(name="tests.json").store_key))
    assert json.loads(report)[0]["end"] == "[masked]\n"
    assert b"sw0rdfish" not in report


def test_a_secret_that_is_not_there_is_a_reasoned_failure(people: People, home: Home) -> None:
    run = written(people, "true")
    task = run.tasks.get()
    task.spec["secrets"] = ["TOKEN"]
    task.save()
    with pytest.raises(JobFailed, match="has no secret TOKEN"):
        run_tests.test(held(run, "testing.test", task))
