"""Fetching at a run's start and pushing at its end, as jobs, against a remote over smart HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from apps.events.models import Event, LogChunk
from apps.projects.models import Project
from apps.projects.origin import Wanted, set_origin
from apps.runs.models import Job, Run
from apps.runs.outcome import JobFailed, Outcome
from apps.runs.services.finish import finish
from apps.runs.services.start import start_push, start_run
from hive.home import Home
from tests.conftest import People
from tests.servers.git import PASSWORD, USER, Forge, forge
from tests.unit.workers.jobs import held, printed, started
from tests.unit.workers.repo.author import write
from workers.coding.fetching import fetch
from workers.coding.pushing import push
from workers.manager.landing import land_finished
from workers.manager.plan import plan
from workers.places import repository_of


@pytest.fixture
def server(tmp_path: Path, settings: Any) -> Iterator[Forge]:
    (tmp_path / "forge").mkdir()
    with forge(tmp_path / "forge") as server:
        settings.GIT_HOSTS = [server.host]
        yield server


@pytest.fixture
def project(people: People, home: Home, server: Forge) -> Project:
    url = server.make("site", {"index.html": "<h1>Hello</h1>\n"}, {"README": "A site\n"}, branch="trunk")
    set_origin(people.project, Wanted(url, USER, PASSWORD))
    people.project.refresh_from_db()
    return people.project


def fetched(people: People) -> Run:
    """A run that has fetched, is planned, and whose work is one commit on what was fetched."""
    run = started(people)
    for step, work in (("coding.fetch", fetch), ("manager.plan", plan)):
        active = held(run, step)
        finish(active, work(active), 1)
    run.refresh_from_db()
    commit = write(repository_of(run.project), run.base_commit, {"fix": "1\n"}, f"w{run.pk}")
    Run.objects.filter(pk=run.pk).update(commit=commit)
    return Run.objects.get(pk=run.pk)


def pushed(run: Run) -> Outcome:
    active = held(run, "coding.push", attempt=Job.objects.filter(run=run, step="coding.push").count() + 1)
    outcome = push(active)
    active.log.close()
    Job.objects.filter(pk=active.row.pk).update(status="failed", reason="lost")
    return outcome


def test_a_run_of_such_a_project_begins_with_fetching(people: People, project: Project, server: Forge) -> None:
    run = started(people)
    assert (run.has_origin, run.jobs.get().step) == (True, "coding.fetch")
    outcome = fetch(held(run, "coding.fetch"))
    assert outcome.data == {"branch": "trunk", "commit": server.branches("site")["trunk"]}
    project.refresh_from_db()
    assert (project.default_branch, project.origin_seen_at is not None) == ("trunk", True)
    assert Event.objects.filter(run_id=run.pk, type="progress").exists()


def test_the_work_begins_at_the_origins_branch_as_it_is_now(people: People, project: Project, server: Forge) -> None:
    first = fetched(people)
    newer = server.commit("site", {"more": "1\n"}, branch="trunk")
    assert fetched(people).base_commit == newer != first.base_commit


def test_what_was_verified_is_pushed_to_a_branch_of_its_own_once(
    people: People, project: Project, server: Forge
) -> None:
    run = fetched(people)
    before = server.branches("site")
    assert [pushed(run).data["branch"] for _ in range(2)] == [f"hive/run-{run.pk}"] * 2
    assert server.branches("site") == {**before, f"hive/run-{run.pk}": run.commit}
    assert server.pushes == 1


def test_another_hives_branch_of_the_same_name_is_left_alone(people: People, project: Project, server: Forge) -> None:
    run = fetched(people)
    theirs = server.commit("site", {"theirs": "1\n"}, branch=f"hive/run-{run.pk}")
    name = f"hive/run-{run.pk}-{run.commit[:8]}"
    assert [pushed(run).data["branch"] for _ in range(2)] == [name, name]
    assert server.branches("site")[f"hive/run-{run.pk}"] == theirs
    assert server.branches("site")[name] == run.commit


def test_a_branch_that_somebody_went_on_with_counts_as_pushed(people: People, project: Project, server: Forge) -> None:
    run = fetched(people)
    pushed(run)
    newer = server.commit("site", {"by hand": "1\n"}, branch=f"hive/run-{run.pk}")
    assert pushed(run).data["branch"] == f"hive/run-{run.pk}"
    assert server.branches("site")[f"hive/run-{run.pk}"] == newer


def test_the_default_branch_is_pushed_to_only_where_the_project_says_so(
    people: People, project: Project, server: Forge
) -> None:
    run = fetched(people)
    newer = server.commit("site", {"meanwhile": "1\n"}, branch="trunk")
    pushed(run)
    assert server.branches("site")["trunk"] == newer
    set_origin(project, Wanted(project.origin_url, USER, PASSWORD, push=Project.Push.DEFAULT))
    pushed(run)
    assert server.read("site", "trunk", "fix") == "1"
    assert server.read("site", "trunk", "meanwhile") == "1"


def test_a_run_that_began_on_another_branch_is_merged_into_that_one(
    people: People, project: Project, server: Forge
) -> None:
    set_origin(project, Wanted(project.origin_url, USER, PASSWORD, push=Project.Push.DEFAULT))
    run = fetched(people)
    trunk = server.branches("site")["trunk"]
    server.commit("site", {"next": "1\n"}, branch="next")
    Run.objects.filter(pk=run.pk).update(from_branch="next")
    pushed(Run.objects.get(pk=run.pk))
    assert (server.read("site", "next", "fix"), server.read("site", "next", "next")) == ("1", "1")
    assert server.branches("site")["trunk"] == trunk


def test_a_conflict_with_the_default_branch_is_told_and_the_work_is_on_its_own(
    people: People, project: Project, server: Forge
) -> None:
    set_origin(project, Wanted(project.origin_url, USER, PASSWORD, push=Project.Push.DEFAULT))
    run = fetched(people)
    server.commit("site", {"fix": "2\n"}, branch="trunk")
    with pytest.raises(JobFailed) as caught:
        pushed(run)
    assert caught.value.outcome.reason == "merge_conflict"
    assert server.branches("site")[f"hive/run-{run.pk}"] == run.commit


def test_a_refusal_ends_the_job_for_good_and_silence_is_tried_again(
    people: People, project: Project, server: Forge
) -> None:
    run = fetched(people)
    server.hook("site", "echo 'Not today.' >&2; exit 1")
    with pytest.raises(JobFailed, match=r"(?s)did not take.*Not today") as refused:
        pushed(run)
    assert refused.value.outcome.reason == "origin_refused"
    server.answer = lambda path: (503, {})
    with pytest.raises(JobFailed) as away:
        pushed(run)
    assert away.value.outcome.reason == "infrastructure"


def test_a_wrong_password_is_a_reason_that_does_not_show_it(people: People, project: Project, server: Forge) -> None:
    set_origin(project, Wanted(project.origin_url, USER, "wrong-Passw0rd-1"))
    active = held(started(people), "coding.fetch")
    with pytest.raises(JobFailed, match="does not let Hive in") as caught:
        fetch(active)
    assert caught.value.outcome.reason == "origin_refused"
    assert "wrong-Passw0rd-1" not in printed(active) + str(caught.value) + str(list(Event.objects.values_list("data")))


def test_a_branch_is_pushed_by_itself_but_not_over_the_default_one(
    people: People, project: Project, server: Forge
) -> None:
    run = fetched(people)
    repository_of(project).set_branch(f"hive/run-{run.pk}/edits", run.commit)
    outcome = push(held(start_push(project, f"hive/run-{run.pk}/edits", people.owner), "coding.push"))
    assert outcome.data["branch"] == f"hive/run-{run.pk}-edits"
    repository_of(project).set_branch("trunk", run.commit)
    with pytest.raises(JobFailed, match="default branch"):
        push(held(start_push(project, "trunk", people.owner), "coding.push"))
    assert server.branches("site")["trunk"] != run.commit


def test_a_branch_that_is_behind_the_origins_is_refused(people: People, project: Project, server: Forge) -> None:
    run = fetched(people)
    server.commit("site", {"theirs": "1\n"}, branch="fix/one")
    repository_of(project).set_branch("fix/one", run.commit)
    with pytest.raises(JobFailed, match="commits that this branch does not have"):
        push(held(start_push(project, "fix/one", people.owner), "coding.push"))


def test_what_hive_had_built_before_is_kept_beside_the_origins_branch(
    people: People, home: Home, server: Forge
) -> None:
    repository = repository_of(people.project)
    ours = write(repository, "main", {"ours": "1\n"})
    repository.set_branch("main", ours)
    set_origin(people.project, Wanted(server.make("site", {"theirs": "1\n"}), USER, PASSWORD))
    fetch(held(start_run(people.project, None, None, workflow="fetch"), "coding.fetch"))
    assert repository.branches()[f"hive/kept/{ours[:12]}"] == ours
    assert repository.files("main") == ["theirs"]


def test_an_empty_origin_is_begun(people: People, home: Home, server: Forge) -> None:
    set_origin(people.project, Wanted(server.make("site"), USER, PASSWORD))
    people.project.refresh_from_db()
    run = fetched(people)
    pushed(run)
    assert server.branches("site") == {f"hive/run-{run.pk}": run.commit}


def test_nothing_is_landed_on_the_origins_branch_by_hive_itself(people: People, project: Project) -> None:
    run = fetched(people)
    Run.objects.filter(pk=run.pk).update(status="completed")
    land_finished(project, repository_of(project))
    assert repository_of(project).resolve("trunk") == run.base_commit
    assert Run.objects.get(pk=run.pk).landing == ""


def test_more_files_than_are_taken_are_refused_before_they_are_written(
    people: People, project: Project, settings: Any, server: Forge
) -> None:
    server.commit("site", {"big": "x" * 300_000}, branch="trunk")
    settings.GIT_LIMIT_BYTES = 200_000
    with pytest.raises(JobFailed, match="HIVE_GIT_LIMIT_MB"):
        fetch(held(started(people), "coding.fetch"))


def test_the_password_is_in_no_row_and_no_file(people: People, project: Project, home: Home, server: Forge) -> None:
    run = fetched(people)
    pushed(run)
    rows = str([*Event.objects.values_list("data"), *LogChunk.objects.values_list("data"), *Job.objects.values()])
    assert PASSWORD not in rows + str(list(Project.objects.values())) + str(list(Run.objects.values()))
    files = (path for path in home.root.rglob("*") if path.is_file())
    assert not [path for path in files if PASSWORD.encode() in path.read_bytes()]
