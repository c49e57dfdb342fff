"""A model that changes what judges it: told, marked, and held up before anything lands."""

from __future__ import annotations

from typing import Any

import pytest

from apps.events.models import Event
from apps.projects.secrets import put_secret
from apps.runs.models import Gate, Run
from apps.runs.outcome import Outcome, done
from apps.runs.plan.workflows import DEPLOY
from apps.runs.services.advance import decide_and_prepare
from apps.runs.services.approve import approve_gate
from apps.runs.services.finish import finish
from hive.home import Home
from tests.conftest import People
from tests.providers import KEY, Talk, calls, scripted
from tests.unit.workers.jobs import held, planned
from tests.unit.workers.repo.author import write as author
from workers.coding.write import write
from workers.places import repository_of

pytestmark = pytest.mark.django_db(transaction=True)

SCRIPT = {"type": "file", "path": "check.sh", "content": "test -f index.html\n", "executable": True}
PLAN: dict[str, Any] = {
    "engine": "model",
    "inputs": [SCRIPT, {"type": "file", "path": "tests/test_a.py", "content": "assert 1\n"}],
    "tests": [{"run": "./check.sh"}],
    "constraints": {"sandbox": "process"},
}
PAGE = calls("write", path="index.html", content="<h1>Hello</h1>\n")
DONE = calls("submit", summary="Done.")


def written(people: People, settings: Any, *turns: Talk, **changes: Any) -> tuple[Run, Outcome]:
    """A run in which a model has written the only task so; its coding job is recorded."""
    run = planned(people, **{**PLAN, **changes})
    with scripted([PAGE, *turns, DONE]) as provider:
        settings.MODELS = {"": ["anthropic/claude-sonnet-4-5"]}
        settings.MODEL_API_KEY, settings.MODEL_API_BASE = KEY, provider.address("anthropic")
        active = held(run, "coding.code", run.tasks.get())
        outcome = write(active)
    finish(active, outcome, run.epoch)
    return Run.objects.get(pk=run.pk), outcome


def pass_tests(run: Run) -> None:
    active = held(run, "testing.test", run.tasks.get())
    finish(active, done(tests=[]), run.epoch)


def test_a_changed_test_is_marked_on_job_task_and_run_and_told(people: People, home: Home, settings: Any) -> None:
    run, outcome = written(people, settings, calls("write", path="tests/test_a.py", content="pass\n"))
    marked = [{"path": "tasks/site/tests/test_a.py", "change": "M"}]
    assert outcome.data["touched"] == marked
    assert run.tasks.get().evidence["touched"] == marked
    assert run.touched == [{"task": "site", **marked[0]}]
    event = Event.objects.get(run_id=run.pk, type="guard")
    assert (event.data["paths"], event.data["gated"]) == (marked, True)


def test_what_the_inputs_wrote_and_a_promised_new_test_are_no_touching(
    people: People, home: Home, settings: Any
) -> None:
    outputs = [{"path": "index.html"}, {"path": "tests/test_new.py"}]
    new = calls("write", path="tests/test_new.py", content="assert 2\n")
    run, outcome = written(people, settings, new, outputs=outputs)
    assert outcome.status == "completed"
    assert (outcome.data["touched"], run.touched) == ([], [])


def test_a_promise_allows_new_files_and_not_other_bytes(people: People, home: Home, settings: Any) -> None:
    run, _ = written(
        people, settings, calls("write", path="tests/test_a.py", content="pass\n"), outputs=[{"path": "tests"}]
    )
    assert [one["path"] for one in run.touched] == ["tasks/site/tests/test_a.py"]


def test_the_script_of_a_test_command_and_a_ci_file_are_watched_also_through_the_shell(
    people: People, home: Home, settings: Any
) -> None:
    ci = "mkdir -p /workspace/.github; echo x > .woodpecker.yml; rm tests/test_a.py; echo true > check.sh"
    spoiled = calls("shell", command=ci.replace("/workspace", '"$HIVE_WORKSPACE"'))
    run, _ = written(people, settings, spoiled)
    found = {(one["path"].removeprefix("tasks/site/"), one["change"]) for one in run.touched}
    assert {("check.sh", "M"), ("tests/test_a.py", "D")} <= found


def test_the_run_waits_for_a_person_before_it_deploys(people: People, home: Home, settings: Any) -> None:
    run, _ = written(people, settings, calls("write", path="tests/test_a.py", content="pass\n"))
    pass_tests(run)
    assert decide_and_prepare(run.pk) is None
    gate = Gate.objects.get(run=run)
    assert (gate.name, gate.status) == ("tests_changed", "pending")
    approve_gate(gate, people.owner, "seen")
    messages = decide_and_prepare(run.pk)
    assert messages is not None
    assert messages[0][0][0].step == DEPLOY


def test_where_nothing_was_touched_the_gate_asks_nobody(people: People, home: Home, settings: Any) -> None:
    run, _ = written(people, settings)
    pass_tests(run)
    assert decide_and_prepare(run.pk) is not None
    gate = Gate.objects.get(run=run)
    assert (gate.status, gate.decided_by) == ("approved", None)
    assert "No test" in gate.message


@pytest.mark.parametrize("turned_off_by", ["spec", "project"])
def test_with_the_policy_flag_it_is_told_and_goes_on(
    people: People, home: Home, settings: Any, turned_off_by: str
) -> None:
    changes = {"guard": {"policy": "flag"}} if turned_off_by == "spec" else {}
    if turned_off_by == "project":
        people.project.guard = "flag"
        people.project.save()
    run, outcome = written(people, settings, calls("write", path="tests/test_a.py", content="pass\n"), **changes)
    pass_tests(run)
    assert outcome.data["touched"]
    assert decide_and_prepare(run.pk) is not None
    assert not Gate.objects.filter(run=run).exists()


def test_a_project_that_insists_on_the_gate_is_not_talked_out_of_it_by_a_spec(people: People, home: Home) -> None:
    people.project.guard = "gate"
    people.project.save()
    assert planned(people, **PLAN, guard={"policy": "flag"}).guarded


def test_templates_need_no_guard(people: People, home: Home) -> None:
    run = planned(people, **{**PLAN, "engine": "template"})
    outcome = write(held(run, "coding.code", run.tasks.get()))
    assert (run.guarded, outcome.data["touched"]) == (False, [])


def test_a_secret_in_a_commit_is_marked_and_waits_for_a_person(people: People, home: Home, settings: Any) -> None:
    put_secret(people.project, "TOKEN", "hunter2-hunter2-4711")
    put_secret(people.project, "SHORT", "Hello")  # such a one stands in every program
    run, _ = written(people, settings, calls("write", path="config.py", content='TOKEN = "hunter2-hunter2-4711"\n'))
    assert run.touched == [{"task": "site", "path": "tasks/site/config.py", "change": "secret"}]
    pass_tests(run)
    assert decide_and_prepare(run.pk) is None
    assert Gate.objects.get(run=run).status == "pending"


def test_a_file_that_held_the_secret_before_is_not_marked(people: People, home: Home, settings: Any) -> None:
    put_secret(people.project, "TOKEN", "hunter2-hunter2-4711")
    repository = repository_of(people.project)
    repository.set_branch("main", author(repository, "main", {"old.py": "hunter2-hunter2-4711\n"}))
    run, outcome = written(people, settings, calls("shell", command='echo 1 >> "$HIVE_WORKSPACE/old.py"'))
    assert "old.py" in repository.files(outcome.data["commit"])
    assert run.touched == []
