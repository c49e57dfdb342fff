"""A conversation in the database: what is kept, for whom, and who may not write any more."""

from __future__ import annotations

import pytest

from apps.projects.secrets import put_secret
from apps.runs.models import Job
from apps.runs.services.active import ActiveJob
from apps.runs.services.output import LeaseLost
from hive.home import Home
from tests.conftest import People
from tests.unit.workers.jobs import held, planned
from workers.kept import KeptTrajectory
from workers.llm.fake import calls
from workers.llm.loop.trajectory import Turn
from workers.llm.port import Message, Role


def coding(people: People, **fields: int) -> ActiveJob:
    run = planned(people)
    return held(run, "coding.code", run.tasks.get(), **fields)


TURNS = [
    Turn(Message(Role.USER, "Write it.")),
    Turn(calls("shell", command="ls").message),
    Turn(Message(Role.TOOL, "a\n", call_id="call-1", name="shell"), "c0ffee"),
]


def test_another_worker_reads_what_one_has_written(people: People, home: Home) -> None:
    job = coding(people)
    mine = KeptTrajectory(job)
    mine.load()
    for turn in TURNS:
        mine.append(turn)
    assert KeptTrajectory(job).load() == TURNS


def test_a_worker_that_lost_its_lease_adds_nothing(people: People, home: Home) -> None:
    job = coding(people)
    mine = KeptTrajectory(job)
    Job.objects.filter(pk=job.row.pk).update(lease_token="somebody-else")
    with pytest.raises(LeaseLost):
        mine.append(TURNS[0])
    assert KeptTrajectory(job).load() == []


def test_secrets_are_masked_before_they_are_kept(people: People, home: Home) -> None:
    put_secret(people.project, "TOKEN", "honey-4711-honey")
    mine = KeptTrajectory(coding(people))
    mine.append(Turn(calls("shell", command="echo honey-4711-honey").message))
    assert "honey-4711" not in str(mine.load())
