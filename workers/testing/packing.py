"""Pack what an agent is to test, with the tester's files in place."""

from __future__ import annotations

from apps.events.models import EventType
from apps.fleet.limits import COMMANDS
from apps.runs.outcome import JobFailed, Outcome, done
from apps.runs.services.active import ActiveJob
from apps.runs.states import Reason
from apps.specs.schema import Task as TaskSpec
from workers.acceptance import Acceptance, acceptance_of, all_of, put_back
from workers.packages import put_package
from workers.places import repository_of
from workers.testing.command import home_in


def pack(job: ActiveJob) -> Outcome:
    """The work of testing.pack: one task's commit, with the tester's bytes in place."""
    tests = acceptance_of(job.task)
    return _pack(job, job.task.commit, [tests] if tests else [])


def pack_merged(job: ActiveJob) -> Outcome:
    """The work of testing.pack_merged: the same where all work is merged."""
    return _pack(job, job.run.commit, all_of(job.run))


def _pack(job: ActiveJob, commit: str, tests: list[Acceptance]) -> Outcome:
    job.emit(EventType.PHASE, name="pack", task=job.task.key)
    task = TaskSpec.model_validate(job.task.spec)
    count = len(task.tests) + sum(len(one.proofs) for one in tests if one.task == task.id)
    if count > COMMANDS:
        raise JobFailed(
            Reason.INVALID_SPEC, f"{task.id} has {count} test commands; an agent takes {COMMANDS} of a task."
        )
    repository = repository_of(job.run.project)
    tree = put_back(repository, commit, tests) if tests else commit
    package = put_package(repository, tree)
    job.print(f"Packed {commit[:12]}: {package['size_bytes']:,} bytes, SHA-256 {package['sha256']}")
    return done(
        f"{package['size_bytes']:,} bytes of {commit[:12]}",
        commit=commit,
        home=home_in(repository, commit, task),
        package=package,
    )
