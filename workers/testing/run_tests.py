"""Run tests where the coder never was: a fresh sandbox, a clean checkout, and a report of what was seen."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from apps.artifacts.models import Artifact
from apps.artifacts.services.save import save
from apps.events.models import EventType
from apps.runs.outcome import Outcome, counted, done, failed
from apps.runs.services.active import ActiveJob
from apps.runs.states import Reason
from apps.specs.schema import Spec, Test
from apps.specs.schema import Task as TaskSpec
from workers.acceptance import Acceptance, Proof, all_of, put_back
from workers.places import repository_of, require_room
from workers.repo.repository import Repository
from workers.testing.command import Seen, fresh_stand, home_in, run_command, run_in_fresh_sandbox, test_of
from workers.testing.fingerprint import fingerprint
from workers.testing.on_agent import OnAgent, on_agents, seen_there
from workers.workspaces import NAME

END_SHOWN = 4000  # characters of a red command's output that the coder is shown


def test(job: ActiveJob) -> Outcome:
    """The work of testing.test: one task's tests at its commit."""
    job.emit(EventType.PHASE, name="test", task=job.task.key)
    return run_tests(job, job.task.commit, [TaskSpec.model_validate(job.task.spec)])


def verify(job: ActiveJob) -> Outcome:
    """The work of testing.verify: every task's tests once more, where all their work is merged."""
    job.emit(EventType.PHASE, name="verify")
    return run_tests(job, job.run.commit, Spec.model_validate(job.spec).tasks)


def run_tests(job: ActiveJob, commit: str, tasks: Sequence[TaskSpec]) -> Outcome:
    """All commands of all tasks, also after a red one: a reader wants to see everything that is wrong.

    What agents have run is read where it lies; the rest runs here.
    """
    require_room()
    there = on_agents(job)
    repository = repository_of(job.run.project)
    asked = {task.id for task in tasks}
    tests = [one for one in all_of(job.run) if one.task in asked]
    tree = put_back(repository, commit, tests) if tests else commit
    here = [task for task in tasks if task.id not in there]
    seen = [one for task in here for one in _run_task(job, repository, (commit, tree), task, several=len(tasks) > 1)]
    by_task = {one.task: one for one in tests}
    for task in here:
        if task.id in by_task:
            seen += _run_acceptance(job, repository, (commit, tree), task, by_task[task.id])
    for task in tasks:
        if task.id in there:
            seen += _read_there(job, there[task.id], task, by_task.get(task.id), commit)
    save(job, "tests.json", Artifact.Kind.REPORT, [json.dumps(job.masked(seen), indent=1).encode()])
    red = [one for one in seen if one["reason"]]
    told = {"tests": seen, "commit": commit}
    if red:
        message = " ".join(one["message"] for one in red[:3])
        return failed(Reason(red[0]["reason"]), message, **told, fingerprint=fingerprint(red))
    return done(f"{counted(len(seen), 'command')} passed at {commit[:12]}", **told)


def _run_task(
    job: ActiveJob, repository: Repository, at: tuple[str, str], task: TaskSpec, *, several: bool
) -> list[dict[str, Any]]:
    """The task's own commands, in one sandbox. `at`: the commit, and the tree to test."""
    commit, tree = at
    home = home_in(repository, commit, task)
    with fresh_stand(job, repository, tree, task, f"{task.id}/{NAME}" if several else NAME) as stand:
        return [
            _tell(job, task, commit, run_command(stand, one, one.dir or home, commit))
            for one in task.tests
            if not job.stopping
        ]


def _run_acceptance(
    job: ActiveJob, repository: Repository, at: tuple[str, str], task: TaskSpec, tests: Acceptance
) -> Iterator[dict[str, Any]]:
    """The tester's tests, each in a sandbox of its own: what code does to one's files does not reach the next."""
    commit, tree = at
    for proof in tests.proofs:
        if not job.stopping:
            seen = run_in_fresh_sandbox(job, repository, tree, task, test_of(proof, task), commit)
            yield _tell(job, task, commit, seen, **_shown_by(proof, tests, task))


def _read_there(
    job: ActiveJob, there: OnAgent, task: TaskSpec, tests: Acceptance | None, commit: str
) -> Iterator[dict[str, Any]]:
    """The same commands in the same order, as an agent has run them."""
    own: list[tuple[Test, dict[str, Any]]] = [(test, {}) for test in task.tests]
    for proof in tests.proofs if tests else ():
        own.append((test_of(proof, task), _shown_by(proof, tests, task) if tests else {}))
    for (_, of), seen in zip(own, seen_there(job, there, [test for test, _ in own], commit), strict=True):
        yield _tell(job, task, commit, seen, **of, **there.told)


def _shown_by(proof: Proof, tests: Acceptance, task: TaskSpec) -> dict[str, Any]:
    """Which requirement an acceptance test shows."""
    text = next((one.text for one in task.requirements if one.id == proof.requirement), "")
    of = {"requirement": proof.requirement, "text": text, "file": proof.file}
    return {**of, "tests_commit": tests.commit}


def _tell(job: ActiveJob, task: TaskSpec, commit: str, seen: Seen, **more: Any) -> dict[str, Any]:
    """What is recorded of one command: as an event, and (with the end of what a red one printed) as evidence."""
    told = {**seen.described(task.id, commit), **more}
    if more.get("requirement"):
        told["message"] = f"{more['requirement']}: {told['message']}"
    job.emit(EventType.TEST_RUN, **told)
    return told | ({"end": seen.tail.decode(errors="replace")[-END_SHOWN:]} if told["reason"] else {})
