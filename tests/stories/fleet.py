"""Agents and the jobs of pipelines, in the states that a page has to show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from apps.accounts.models import User
from apps.ci.definition.check import check_data
from apps.ci.services.submit import submit, wanted
from apps.fleet.models import Agent, Assignment
from apps.fleet.services.acknowledge import acknowledge
from apps.fleet.services.enrol import Introduction, create_token, register
from apps.fleet.services.heartbeat import Beat, beat
from apps.fleet.services.offer import offer_up_to
from apps.fleet.services.report import Said, report
from apps.projects.models import Project
from apps.runs.models import Job, Run
from apps.runs.services.active import ActiveJob

TAGS = ("arm", "mac")
COUNTS: dict[str, Any] = {
    "passed": 128,
    "failed": 2,
    "skipped": 3,
    "seconds": 41.5,
    "failures": [
        {"name": "tests.test_hive::test_bees", "message": "assert 3 == 4", "file": "tests/test_hive.py", "line": 17},
        {"name": "tests.test_hive::test_<honey>", "message": "Timed out", "file": "", "line": 0},
    ],
    "slowest": [{"name": "tests.test_slow::test_winter", "seconds": 12.5}],
}
COMMANDS = [
    {"command": "make build", "exit_code": 0, "seconds": 3.2, "reason": "", "message": ""},
    {"command": "make test", "exit_code": 2, "seconds": 41.9, "reason": "", "message": ""},
]


@dataclass(frozen=True)
class Pipeline:
    """A run of three cells for agents: one failed its tests, one runs, one waits."""

    run: Run
    agent: Agent
    failed: Job
    running: Job
    queued: Job


def joined(name: str = "mac-mini", slots: int = 2) -> Agent:
    token = create_token(None, "The office", tags=TAGS, most=3)
    said = Introduction(name, slots=slots, version="1.4.0", capabilities={"sandboxes": ["bubblewrap"]})
    agent = register(token.token, said).agent
    beat(agent, Beat(load=0.42, free_disk_bytes=81 * 1024**3))
    return agent


def fail(job: Job) -> None:
    """Its agent says that its tests failed."""
    given = Assignment.objects.select_related("agent").get(job=job)
    said = Said("tests_failed", "2 tests failed.", 2, COMMANDS, COUNTS, prepared_s=0.01)
    assert report(given.agent, job.pk, given.lease_token, said)


def pipeline(project: Project, user: User | None) -> Pipeline:
    agent = joined()
    matrix = {"python": ["3.11", "3.12", "3.13"]}
    job = {"name": "Tests", "runs_on": ["arm"], "commands": ["make build", "make test"], "matrix": matrix}
    run = submit(project, wanted(check_data(job), source={"ref": "refs/heads/main"}), user)
    first, second = sorted(offer_up_to(agent, 2), key=lambda one: one.job_id)
    failed, running = (acknowledge(agent, one.job_id, one.lease) for one in (first, second))
    for one in (failed, running):
        active = ActiveJob(Job.objects.select_related("run__project", "task").get(pk=one.pk))
        active.print("collected 133 items")
        active.log.close()
    fail(failed)
    queued = run.jobs.latest("pk")
    return Pipeline(run, agent, *(Job.objects.get(pk=one.pk) for one in (failed, running, queued)))
