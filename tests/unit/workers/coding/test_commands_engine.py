"""coding.code with the engine `commands`: real commands in a real sandbox, and the same evidence as of any engine."""

from __future__ import annotations

from typing import Any

import pytest

from apps.events.models import Event
from apps.projects.secrets import put_secret
from apps.runs.models import Run
from apps.runs.outcome import Outcome, failed
from apps.runs.services.advance import decide_and_prepare
from apps.runs.services.finish import finish
from apps.runs.states import Reason
from hive.home import Home
from tests.conftest import People
from tests.unit.workers.jobs import held, planned, printed
from workers.coding.write import write
from workers.places import repository_of

pytestmark = pytest.mark.django_db(transaction=True)

PROCESS = {"sandbox": "process"}
SECRET = "hunter2-hunter2-4711"


def running(people: People, *commands: Any, **more: Any) -> Run:
    return planned(people, **{"inputs": [], "commands": list(commands), "constraints": PROCESS, **more})


def written(run: Run) -> Outcome:
    return write(held(run, "coding.code", run.tasks.get()))


def content(people: People, outcome: Outcome, path: str) -> str:
    return repository_of(people.project).content(outcome.data["commit"], path, 1000).decode()


def test_what_commands_leave_in_the_workspace_is_the_work(people: People, home: Home) -> None:
    page = {"run": "sed 's/Hello/Goodbye/' page.in > index.html && rm page.in"}
    given = [{"type": "file", "path": "page.in", "content": "<h1>Hello</h1>"}]
    run = running(people, page, {"run": "echo built > made.txt", "dir": "/workspace"}, inputs=given)
    outcome = written(run)
    assert outcome.status == "completed", outcome.message
    assert outcome.data["summary"] == "2 commands ran."
    repository = repository_of(people.project)
    assert sorted(repository.files(outcome.data["commit"])) == ["made.txt", "tasks/site/index.html"]
    assert content(people, outcome, "tasks/site/index.html") == "<h1>Goodbye</h1>"
    assert repository.resolve(f"hive/run-{run.pk}/site") == outcome.data["commit"]


def test_the_first_that_fails_ends_it_and_what_was_written_until_then_is_kept(people: People, home: Home) -> None:
    outcome = written(running(people, "echo half > index.html", "echo no; exit 3", "echo never > never.txt"))
    assert (outcome.status, outcome.reason) == ("failed", "script_failed")
    assert outcome.message.startswith("`echo no; exit 3`: ")
    assert repository_of(people.project).files(outcome.data["commit"]) == ["tasks/site/index.html"]


def test_one_that_takes_too_long_says_so(people: People, home: Home) -> None:
    outcome = written(running(people, {"run": "sleep 60", "timeout": "300ms"}))
    assert (outcome.status, outcome.reason) == ("failed", "timed_out")


def test_commands_that_change_nothing_say_so_and_a_promise_is_a_promise(people: People, home: Home) -> None:
    run = running(people, "true", outputs=[])
    outcome = written(run)
    assert (outcome.status, outcome.data["files"]) == ("completed", 0)
    assert outcome.data["summary"] == "1 command ran, and changed nothing."
    assert outcome.data["commit"] == run.base_commit
    promised = written(running(people, "true"))
    assert (promised.status, promised.reason) == ("failed", "output_missing")


def test_they_may_read_the_task_and_none_of_that_is_committed(people: People, home: Home) -> None:
    run = running(people, 'cp "$HIVE_WORKSPACE/.hive/task.md" index.html; echo $HIVE_TASK $HIVE_ROUND >> index.html')
    outcome = written(run)
    assert content(people, outcome, "tasks/site/index.html").startswith("# Site")
    assert content(people, outcome, "tasks/site/index.html").endswith("\nsite 1\n")
    assert repository_of(people.project).files(outcome.data["commit"]) == ["tasks/site/index.html"]


def test_a_repository_of_their_own_and_links_out_never_reach_the_worktree(people: People, home: Home) -> None:
    line = "mkdir -p .git/hooks && echo x > .git/hooks/pre-commit; ln -s /etc/passwd link; echo hi > index.html"
    outcome = written(running(people, line))
    assert repository_of(people.project).files(outcome.data["commit"]) == ["tasks/site/index.html"]


def test_tests_that_they_touch_are_marked_and_told(people: People, home: Home) -> None:
    given = [{"type": "file", "path": "tests/test_a.py", "content": "assert 1\n"}]
    outcome = written(running(people, "echo pass > tests/test_a.py; echo hi > index.html", inputs=given))
    assert outcome.data["touched"] == [{"path": "tasks/site/tests/test_a.py", "change": "M"}]
    assert Event.objects.filter(type="guard").exists()


def test_secrets_that_the_task_names_are_theirs_masked_in_what_they_print_and_seen_in_what_they_write(
    people: People, home: Home
) -> None:
    put_secret(people.project, "TOKEN", SECRET)
    run = running(people, "echo said $TOKEN; echo $TOKEN > index.html", secrets=["TOKEN"])
    active = held(run, "coding.code", run.tasks.get())
    outcome = write(active)
    assert SECRET not in printed(active)
    assert "said [masked]" in printed(active)
    assert outcome.data["touched"] == [{"path": "tasks/site/index.html", "change": "secret"}]


def test_a_secret_that_is_not_there_is_told_before_anything_runs(people: People, home: Home) -> None:
    outcome = written(running(people, "echo hi > index.html", secrets=["TOKEN"]))
    assert (outcome.status, outcome.reason) == ("failed", "invalid_spec")
    assert "TOKEN" in outcome.message


@pytest.mark.parametrize(("repeatable", "left"), [(True, ["failed", "queued"]), (False, ["failed"])])
def test_what_may_not_run_twice_is_not_tried_again_when_its_worker_is_lost(
    people: People, home: Home, repeatable: bool, left: list[str]
) -> None:
    run = running(people, "echo hi > index.html", repeatable=repeatable)
    decide_and_prepare(run.pk)
    run.refresh_from_db()
    active = held(run, "coding.code", run.tasks.get())
    finish(active, failed(Reason.LOST, "Its worker died."), run.epoch)
    decide_and_prepare(run.pk)
    run.refresh_from_db()
    assert [job.status for job in run.jobs.filter(step="coding.code").order_by("pk")] == left
    assert run.status == ("running" if repeatable else "failed")
