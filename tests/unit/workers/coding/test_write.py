"""coding.code and coding.merge: what is committed, and what is made of a failure."""

import io
import tarfile

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
from workers.coding.failure import last_failure
from workers.coding.merging import merge
from workers.coding.write import write
from workers.places import repository_of

SECRET = "hunter2-hunter2-4711"


def task_of(run: Run, key: str = "site") -> Task:
    return run.tasks.get(key=key)


def file_task(key: str, path: str, content: str, *needs: str) -> dict[str, object]:
    return {
        "id": key,
        "depends_on": list(needs),
        "inputs": [{"type": "file", "path": f"/workspace/{path}", "content": content}],
        "tests": [{"run": "true"}],
    }


def several(people: People, *tasks: dict[str, object]) -> Run:
    return planned(people, tasks=list(tasks))


def write_task(run: Run, key: str) -> str:
    """Write the task as its worker would; its commit."""
    outcome = write(held(run, "coding.code", task_of(run, key)))
    Task.objects.filter(run=run, key=key).update(commit=outcome.data["commit"])
    return outcome.data["commit"]


def test_what_the_engine_writes_is_committed_with_evidence(people: People, home: Home) -> None:
    run = planned(people)
    active = held(run, "coding.code", task_of(run))
    outcome = write(active)
    repository = repository_of(people.project)
    assert outcome.status == "completed"
    assert outcome.data["outputs"] == ["/workspace/tasks/site/index.html"]
    assert repository.files(outcome.data["commit"]) == ["tasks/site/index.html"]
    assert repository.resolve(f"hive/run-{run.pk}/site") == outcome.data["commit"]


def test_diff_and_tree_are_kept(people: People, home: Home) -> None:
    run = planned(people)
    write(held(run, "coding.code", task_of(run)))
    kept = [("changes.diff", "diff"), ("tree.tar", "tree"), ("workspace.tar.gz", "workspace")]
    assert sorted(Artifact.objects.values_list("name", "kind")) == kept


def test_what_is_kept_of_a_commit_that_holds_a_secret_does_not_show_it(people: People, home: Home) -> None:
    put_secret(people.project, "TOKEN", SECRET)
    config = {"type": "file", "path": f"{SECRET}/config.py", "content": f"TOKEN = {SECRET!r}\n"}
    run = planned(people, inputs=[{"type": "file", "path": "index.html", "content": "Hello"}, config])
    active = held(run, "coding.code", task_of(run))
    outcome = write(active)
    kept = {one.name: b"".join(store().get(one.store_key)) for one in Artifact.objects.all()}
    assert not [name for name, data in kept.items() if SECRET.encode() in data]
    assert b"+TOKEN = '[masked]'" in kept["changes.diff"]
    with tarfile.open(fileobj=io.BytesIO(kept["tree.tar"]), mode="r:") as tree:
        names = [name for name in tree.getnames() if name.endswith(".py")]
        assert names == [f"tasks/site/{'*' * len(SECRET)}/config.py"]
        assert tree.extractfile(names[0]).read() == f"TOKEN = {'*' * len(SECRET)!r}\n".encode()  # type: ignore[union-attr]
    assert SECRET.encode() in repository_of(people.project).diff(run.base_commit, outcome.data["commit"])
    told = Event.objects.get(type="guard").data
    assert [one["change"] for one in told["paths"]] == ["secret"]
    assert SECRET not in f"{told}{printed(active)}"


def test_a_promise_that_the_commit_does_not_keep_is_a_failure(people: People, home: Home) -> None:
    run = planned(people, outputs=[{"path": "index.html"}, {"path": "style.css"}])
    outcome = write(held(run, "coding.code", task_of(run)))
    assert (outcome.status, outcome.reason) == ("failed", "output_missing")
    assert "tasks/site/style.css" in outcome.message


def test_an_engine_that_is_not_here_is_a_reasoned_failure(people: People, home: Home) -> None:
    run = planned(people)
    Run.objects.filter(pk=run.pk).update(engine="abacus")
    outcome = write(held(Run.objects.get(), "coding.code", task_of(run)))
    assert (outcome.status, outcome.reason) == ("failed", "script_failed")
    assert "no engine 'abacus' here. Known: template" in outcome.message


def test_a_task_builds_on_what_it_needs(people: People, home: Home) -> None:
    run = several(people, file_task("a", "a", "1"), file_task("b", "b", "2"), file_task("c", "c", "3", "a", "b"))
    write_task(run, "a")
    write_task(run, "b")
    assert repository_of(people.project).files(write_task(run, "c")) == ["a", "b", "c"]


def test_merging_brings_every_task_together(people: People, home: Home) -> None:
    run = several(people, file_task("a", "a", "1"), file_task("b", "b", "2"))
    write_task(run, "a")
    write_task(run, "b")
    outcome = merge(held(run, "coding.merge"))
    assert repository_of(people.project).files(outcome.data["commit"]) == ["a", "b"]


def test_a_conflict_names_task_and_files(people: People, home: Home) -> None:
    run = several(people, file_task("a", "same", "1"), file_task("b", "same", "2"))
    write_task(run, "a")
    write_task(run, "b")
    with pytest.raises(JobFailed, match=r"The task b changes the same lines .* same") as caught:
        merge(held(run, "coding.merge"))
    assert caught.value.outcome.reason == "merge_conflict"


def test_a_repair_round_begins_at_the_tasks_own_commit_and_knows_the_failure(people: People, home: Home) -> None:
    run = planned(people)
    first = write_task(run, "site")
    task = task_of(run)
    task.jobs.create(
        run=run, step="testing.test", role="testing", status="failed", reason="tests_failed", message="feed is empty"
    )
    active = held(run, "coding.code", task, round=2)
    outcome = write(active)
    assert outcome.data["commit"] == first
    assert "feed is empty" in last_failure(task, 2)
    assert "Wrote" in printed(active)
