"""A task's commands on an agent: packed, run there, and taken back by a worker that believes nothing."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from apps.artifacts.models import Artifact
from apps.artifacts.services.remove_orphans import remove_orphans
from apps.artifacts.store import store
from apps.events import clock
from apps.fleet.models import Agent
from apps.fleet.order import TREE_NAME
from apps.fleet.services.offer import offer_up_to
from apps.fleet.services.uploads import Announced, UploadRefused, announce, finish_uploads
from apps.projects.secrets import put_secret
from apps.runs.models import Job, Run
from apps.runs.services.finish import finish
from apps.runs.services.output import LeaseLost
from apps.runs.services.reap import end_lost
from hive.home import Home
from tests.conftest import People
from tests.unit.workers.coding.on_agent import (
    GIVEN,
    PAGE,
    agent_of,
    begin,
    content,
    does,
    handed_in,
    say,
    step_on,
    taken_back,
    upload,
    waiting,
)
from tests.unit.workers.jobs import held, planned
from workers.coding.packing import pack
from workers.coding.write import write
from workers.places import repository_of

pytestmark = pytest.mark.django_db(transaction=True)
SECRET = "hunter2-hunter2-4711"


@pytest.fixture
def agent(people: People, settings: Any) -> Agent:
    settings.SANDBOX = "process"
    return agent_of(people)


def test_it_is_the_same_work_as_that_of_commands_here(people: People, home: Home, agent: Agent, tmp_path: Path) -> None:
    run = waiting(people, PAGE, "printf x > run.sh; chmod +x run.sh; ln -s run.sh link", "mkdir -p .git; touch .git/x")
    row = handed_in(agent, run, tmp_path / "a")
    assert (row.status, row.message) == ("completed", "3 commands ran")
    there = taken_back(run)
    assert there.status == "completed", there.message
    assert there.data["summary"] == "On one: 3 commands ran."
    here = planned(people, commands=[PAGE, "printf x > run.sh; chmod +x run.sh; ln -s run.sh link"], inputs=GIVEN)
    mine = write(held(here, "coding.code", here.tasks.get()))
    repository = repository_of(people.project)
    assert repository.tree_at(there.data["commit"], "") == repository.tree_at(mine.data["commit"], "")
    assert {**there.data, "commit": "", "summary": ""} == {**mine.data, "commit": "", "summary": ""}
    assert run.tasks.get().status == "in_progress"


def test_the_task_in_words_goes_along_and_does_not_come_back(
    people: People, home: Home, agent: Agent, tmp_path: Path
) -> None:
    run = waiting(
        people, "cat $HIVE_WORKSPACE/.hive/task.md > index.html; echo $HIVE_TASK $HIVE_ROUND >> index.html", inputs=[]
    )
    handed_in(agent, run, tmp_path / "a")
    outcome = taken_back(run)
    assert content(people, outcome, "tasks/site/index.html").startswith("# Site")
    assert content(people, outcome, "tasks/site/index.html").endswith("\nsite 1\n")
    assert repository_of(people.project).files(outcome.data["commit"]) == ["tasks/site/index.html"]


def test_a_red_command_is_told_by_the_worker_and_what_was_written_until_then_is_kept(
    people: People, home: Home, agent: Agent, tmp_path: Path
) -> None:
    run = waiting(people, "echo half > index.html", "exit 3", "echo never > never.txt")
    assert handed_in(agent, run, tmp_path / "a").message == "2 commands ran, the last did not exit with 0"
    outcome = taken_back(run)
    assert (outcome.status, outcome.reason) == ("failed", "script_failed")
    assert outcome.message.startswith("On one: `exit 3 ")
    assert content(people, outcome, "tasks/site/index.html") == "half\n"


def test_what_changed_nothing_says_so(people: People, home: Home, agent: Agent, tmp_path: Path) -> None:
    run = waiting(people, "true", outputs=[])
    handed_in(agent, run, tmp_path / "a")
    assert taken_back(run).data["summary"] == "On one: 1 command ran, and changed nothing."


def test_tests_and_secrets_are_guarded_as_ever_and_the_tree_is_shown_to_nobody(
    people: People, home: Home, agent: Agent, tmp_path: Path
) -> None:
    put_secret(people.project, "TOKEN", SECRET)
    run = waiting(
        people, "echo $TOKEN; echo $TOKEN > index.html; mkdir tests; touch tests/test_a.py", secrets=["TOKEN"]
    )
    one, desk, told = does(agent, tmp_path / "a")
    assert SECRET.encode() not in desk.printed
    upload(agent, one, desk.kept[TREE_NAME][1])
    say(agent, one, told, desk.printed)
    assert not Artifact.objects.filter(job=one.job_id, name=TREE_NAME).exists()
    step_on(run)
    outcome = taken_back(run)
    assert {(mark["path"], mark["change"]) for mark in outcome.data["touched"]} == {
        ("tasks/site/tests/test_a.py", "A"),
        ("tasks/site/index.html", "secret"),
    }


def test_taken_back_twice_it_is_one_commit_on_the_branch(
    people: People, home: Home, agent: Agent, tmp_path: Path
) -> None:
    """The worker dies after the commit, before it could say so; the next one takes the same tree."""
    run = waiting(people, PAGE)
    handed_in(agent, run, tmp_path / "a")
    dying = held(run, "coding.code", run.tasks.get())
    first = write(dying)
    assert end_lost(dying.row, "Its worker process died.")
    step_on(run)
    again = taken_back(run)
    repository = repository_of(people.project)
    assert again.status == "completed"
    assert repository.resolve(f"hive/run-{run.pk}/site") == again.data["commit"]
    assert repository.tree_at(first.data["commit"], "") == repository.tree_at(again.data["commit"], "")
    assert repository.resolve(f"{again.data['commit']}^") == run.base_commit
    assert run.jobs.filter(step="coding.on_agent").count() == 1


def test_a_pack_that_is_lost_is_packed_again_and_no_agent_is_asked_before(
    people: People, home: Home, agent: Agent
) -> None:
    run = planned(people, commands=[PAGE], inputs=GIVEN, runs_on={"coding": ["gen"]})
    step_on(run)
    dying = held(run, "coding.pack", run.tasks.get())
    pack(dying)
    assert end_lost(dying.row, "Its worker process died.")
    step_on(run)
    assert offer_up_to(agent, 1) == []
    active = held(run, "coding.pack", run.tasks.get())
    finish(active, pack(active), run.epoch)
    step_on(run)
    assert len(offer_up_to(agent, 1)) == 1


@pytest.mark.parametrize(("repeatable", "left"), [(True, ["failed", "queued"]), (False, ["failed"])])
def test_of_a_lost_agent_the_commands_run_again_where_they_may_and_its_tree_is_refused(
    people: People, home: Home, agent: Agent, tmp_path: Path, repeatable: bool, left: list[str]
) -> None:
    run = waiting(people, PAGE, repeatable=repeatable)
    one, desk, _ = does(agent, tmp_path / "a")
    assert end_lost(Job.objects.get(pk=one.job_id), "No heartbeat from it.")
    step_on(run)
    assert [job.status for job in run.jobs.filter(step="coding.on_agent").order_by("pk")] == left
    assert run.status == ("running" if repeatable else "failed")
    with pytest.raises(LeaseLost):
        upload(agent, one, desk.kept[TREE_NAME][1])


def test_one_that_hands_in_no_tree_has_not_done_its_part(
    people: People, home: Home, agent: Agent, tmp_path: Path
) -> None:
    """The upload was cut off, and it says that it is done."""
    run = waiting(people, PAGE)
    one, desk, told = does(agent, tmp_path / "a")
    tree = desk.kept[TREE_NAME][1]
    (wanted,) = announce(
        agent, one.job_id, one.lease, [Announced(TREE_NAME, "tree", len(tree), hashlib.sha256(tree).hexdigest())]
    )
    store().put([tree[:-1]], wanted.row.store_key)
    with pytest.raises(UploadRefused, match="not those announced"):
        finish_uploads(agent, one.job_id, one.lease, [wanted.row.pk])
    row = say(agent, one, told, desk.printed)
    assert (row.status, row.reason) == ("failed", "infrastructure")
    assert "has not handed in the workspace" in row.message
    assert run.jobs.filter(step="coding.code", status="completed").count() == 0


def test_a_tree_is_taken_only_where_the_order_asks_for_one(people: People, home: Home, agent: Agent) -> None:
    run = waiting(people, PAGE)
    one, _ = begin(agent)
    for name, kind in (("other.tar.gz", "tree"), (TREE_NAME, "workspace")):
        with pytest.raises(UploadRefused):
            announce(agent, one.job_id, one.lease, [Announced(name, kind, 1, "0" * 64)])
    with pytest.raises(UploadRefused, match="this job may keep 1"):
        announce(agent, one.job_id, one.lease, [Announced(TREE_NAME, "tree", 3 * 2**30, "0" * 64)])
    assert run.jobs.filter(step="coding.on_agent", status="running").count() == 1


def test_what_was_handed_in_stays_in_the_store_while_the_run_goes_on(
    people: People, home: Home, agent: Agent, tmp_path: Path
) -> None:
    run = waiting(people, PAGE)
    row = handed_in(agent, run, tmp_path / "a")
    key = row.outcome["package"]["source"]
    remove_orphans(clock.now() + timedelta(days=3))
    assert store().exists(key)
    Run.objects.filter(pk=run.pk).update(status="completed")
    remove_orphans(clock.now() + timedelta(days=3))
    assert not store().exists(key)
