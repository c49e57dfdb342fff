"""A run that begins on a branch that somebody chose: its plan, and where its work lands."""

from __future__ import annotations

import pytest

from apps.events.models import Event
from apps.runs.models import Run
from apps.runs.outcome import JobFailed
from apps.runs.services.start import BadBranch, Wishes, retry_run, start_run
from apps.specs.services import save
from apps.specs.validate import check_data
from hive.home import Home
from tests.conftest import People
from tests.unit.workers.jobs import SPEC, held
from tests.unit.workers.repo.author import write
from workers.manager.landing import land_run
from workers.manager.plan import plan
from workers.places import repository_of
from workers.repo.remote import TRACKED
from workers.repo.repository import Repository


@pytest.fixture
def repository(people: People, home: Home) -> Repository:
    """With a branch `next`, on which is a file that main has not."""
    repository = repository_of(people.project)
    repository.set_branch("next", write(repository, "main", {"next.txt": "1\n"}))
    return repository


def chosen(people: People, branch: str) -> Run:
    version = save(people.project, check_data(SPEC).text, people.owner)
    return start_run(people.project, version, people.owner, wishes=Wishes(branch=branch))


def of_an_origin(people: People) -> None:
    people.project.origin_url = "https://forge.example/site.git"
    people.project.save()


def base_of(run: Run) -> str:
    return plan(held(run, "manager.plan")).data["base_commit"]


def test_the_work_begins_there_and_lands_there_and_the_projects_branch_stays(
    people: People, repository: Repository
) -> None:
    run = chosen(people, "next")
    base = base_of(run)
    assert repository.files(base) == ["next.txt"]
    work = write(repository, base, {"index.html": "Hello\n"})
    Run.objects.filter(pk=run.pk).update(status="completed", commit=work)
    land_run(Run.objects.get(pk=run.pk))
    assert (repository.resolve("next"), repository.files("main")) == (work, [])


def test_a_retry_begins_on_the_same_branch(people: People, repository: Repository) -> None:
    run = chosen(people, "next")
    Run.objects.filter(pk=run.pk).update(status="failed")
    assert base_of(retry_run(Run.objects.get(pk=run.pk), people.teammate)) == repository.resolve("next")


@pytest.mark.parametrize("name", ["nowhere", "../next", "-next", "a b", "next..main", "x" * 101, "next.lock"])
def test_a_branch_that_is_not_there_or_is_none_starts_nothing(
    people: People, repository: Repository, name: str
) -> None:
    with pytest.raises(BadBranch):
        chosen(people, name)
    assert not Run.objects.exists()


def test_one_that_is_gone_when_it_is_planned_or_landed_is_told(people: People, repository: Repository) -> None:
    run = chosen(people, "next")
    work = repository.resolve("next")
    repository._git("update-ref", "-d", "refs/heads/next")
    with pytest.raises(JobFailed, match="The project site has no branch next"):
        plan(held(run, "manager.plan"))
    Run.objects.filter(pk=run.pk).update(status="completed", commit=work)
    land_run(Run.objects.get(pk=run.pk))
    assert Run.objects.get(pk=run.pk).landing == "conflict"
    assert "the branch next is gone" in Event.objects.get(type="error").data["message"]
    assert repository.files("main") == []


def test_of_an_origin_it_may_come_with_the_fetch(people: People, repository: Repository) -> None:
    of_an_origin(people)
    run = chosen(people, "theirs")
    theirs = write(repository, "main", {"theirs.txt": "1\n"})
    repository._git("update-ref", f"{TRACKED}theirs", theirs)
    assert base_of(run) == theirs


def test_what_hive_added_to_a_branch_of_the_origin_counts_until_the_origin_has_something_else(
    people: People, repository: Repository
) -> None:
    of_an_origin(people)
    repository._git("update-ref", f"{TRACKED}next", repository.resolve("main"))
    assert base_of(chosen(people, "next")) == repository.resolve("next")
    other = write(repository, "main", {"other.txt": "1\n"})
    repository._git("update-ref", f"{TRACKED}next", other)
    assert base_of(chosen(people, "next")) == other


def test_one_that_is_too_large_is_refused_before_anything_is_written(
    people: People, repository: Repository, settings: object
) -> None:
    run = chosen(people, "next")
    settings.GIT_LIMIT_BYTES = 1  # type: ignore[attr-defined]
    with pytest.raises(JobFailed, match="The branch next cannot be used"):
        plan(held(run, "manager.plan"))
