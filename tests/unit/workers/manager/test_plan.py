"""The plan: tasks, and the commit on which they begin."""

from apps.events.models import Event
from apps.runs.models import Run
from hive.home import Home
from tests.conftest import People
from tests.unit.workers.jobs import held, planned, printed, started
from workers.manager.landing import land_finished, land_run
from workers.manager.plan import plan
from workers.places import repository_of

TWO = [
    {"id": "b", "depends_on": ["a"], "tests": [{"run": "true"}]},
    {"id": "a", "tests": [{"run": "true"}]},
]


def test_a_spec_without_tasks_is_one_task(people: People, home: Home) -> None:
    run = planned(people)
    assert [task.key for task in run.tasks.all()] == ["site"]
    assert run.base_commit == repository_of(people.project).resolve("main")


def test_tasks_come_in_topological_order(people: People, home: Home) -> None:
    run = planned(people, tasks=TWO)
    assert [(task.key, task.needs) for task in run.tasks.all()] == [("a", []), ("b", ["a"])]


def test_the_plan_is_told_in_the_log(people: People, home: Home) -> None:
    active = held(started(people), "manager.plan")
    plan(active)
    assert printed(active) == "site: Site\n"


def test_a_stored_spec_that_no_longer_fits_is_a_reasoned_failure(people: People, home: Home) -> None:
    run = started(people)
    run.spec_version.data = {"id": "x"}
    run.spec_version.save()
    outcome = plan(held(run, "manager.plan"))
    assert (outcome.status, outcome.reason) == ("failed", "invalid_spec")


def test_what_a_finished_run_made_is_landed_once(people: People, home: Home) -> None:
    run = planned(people)
    repository = repository_of(people.project)
    tree = repository._git("mktree")
    Run.objects.filter(pk=run.pk).update(
        status="completed", commit=repository.write_commit(tree, [run.base_commit], "Work")
    )
    land_finished(people.project, repository)
    land_run(Run.objects.get(pk=run.pk))
    assert repository.resolve("main") == Run.objects.get(pk=run.pk).commit
    assert Run.objects.get(pk=run.pk).landing == "landed"
    assert not Event.objects.filter(type="error").exists()
