"""Run tests where the coder never was: a fresh sandbox, a clean checkout, and a report of what was seen."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, BinaryIO, cast

from apps.artifacts.models import Artifact
from apps.artifacts.services.save import save
from apps.events.models import EventType
from apps.projects.secrets import SecretError, open_secrets
from apps.runs.outcome import JobFailed, Outcome, counted, done, failed
from apps.runs.services.active import ActiveJob
from apps.runs.states import Reason
from apps.specs.schema import Spec, Test
from apps.specs.schema import Task as TaskSpec
from workers.confine import sandbox_for
from workers.places import repository_of, require_room
from workers.repo.repository import Repository
from workers.sandbox.port import WORKSPACE, Result, Sandbox
from workers.testing.judge import Verdict, judge
from workers.testing.reports import count, reports_in
from workers.workspaces import NAME

TAIL_BYTES = 64 * 1024


def test(job: ActiveJob) -> Outcome:
    """The work of testing.test: one task's tests at its commit."""
    job.emit(EventType.PHASE, name="test", task=job.task.key)
    return run_tests(job, job.task.commit, [TaskSpec.model_validate(job.task.spec)])


def verify(job: ActiveJob) -> Outcome:
    """The work of testing.verify: every task's tests once more, where all their work is merged."""
    job.emit(EventType.PHASE, name="verify")
    return run_tests(job, job.run.commit, Spec.model_validate(job.spec).tasks)


def run_tests(job: ActiveJob, commit: str, tasks: Sequence[TaskSpec]) -> Outcome:
    """All commands of all tasks, also after a red one: a reader wants to see everything that is wrong."""
    require_room()
    repository = repository_of(job.run.project)
    names = [f"{task.id}/{NAME}" if len(tasks) > 1 else NAME for task in tasks]
    seen = [
        one
        for task, name in zip(tasks, names, strict=True)
        for one in _run_task(job, repository, commit, task, kept_as=name)
    ]
    save(job, "tests.json", Artifact.Kind.REPORT, [json.dumps(seen, indent=1).encode()])
    red = [one for one in seen if one["reason"]]
    if red:
        return failed(Reason(red[0]["reason"]), " ".join(one["message"] for one in red[:3]), tests=seen, commit=commit)
    return done(f"{counted(len(seen), 'command')} passed at {commit[:12]}", tests=seen, commit=commit)


@dataclass(frozen=True)
class Stand:
    """Where one task's commands run: a sandbox with the commit's files, and what they may use."""

    job: ActiveJob
    sandbox: Sandbox
    task: TaskSpec
    commit: str
    home: str
    secrets: dict[str, str]


def _run_task(
    job: ActiveJob, repository: Repository, commit: str, task: TaskSpec, kept_as: str
) -> list[dict[str, Any]]:
    secrets = _secrets_of(job, task)
    with sandbox_for(job, task.constraints, kept_as) as sandbox:
        with repository.archive(commit) as tar:
            sandbox.unpack(cast(BinaryIO, tar))
        home = task.home if repository.holds(commit, task.home.removeprefix(f"{WORKSPACE}/")) else WORKSPACE
        stand = Stand(job, sandbox, task, commit, home, secrets)
        return [_run_test(stand, one) for one in task.tests if not job.stopping]


def _secrets_of(job: ActiveJob, task: TaskSpec) -> dict[str, str]:
    try:
        return open_secrets(job.run.project, task.secrets)
    except SecretError as error:
        raise JobFailed(Reason.INVALID_SPEC, str(error)) from error


def _run_test(stand: Stand, command: Test) -> dict[str, Any]:
    job, sandbox, cwd = stand.job, stand.sandbox, command.dir or stand.home
    job.emit(EventType.ACTIVITY, text=f"Running {command.run}")
    job.print(f"$ {command.run}    # {stand.task.id}, in {cwd}, at {stand.commit[:12]}")
    tail = bytearray()
    before = reports_in(sandbox, cwd, command.junit)
    result = sandbox.run(
        ["sh", "-c", command.run],
        timeout_s=command.timeout_s,
        no_output_s=stand.task.constraints.no_output_s,
        on_output=lambda data: _keep(job, tail, data),
        env=stand.secrets,
        cwd=cwd,
    )
    counts, notes = count(before, reports_in(sandbox, cwd, command.junit))
    for note in notes:
        job.print(f"[hive] {note}")
    verdict = judge(command, result, bytes(tail), counts)
    job.print(f"[hive] {verdict.message}")
    seen = _describe(stand, command, result, verdict) | ({"counts": asdict(counts)} if counts else {})
    job.emit(EventType.TEST_RUN, **seen)
    return seen


def _keep(job: ActiveJob, tail: bytearray, data: bytes) -> None:
    job.log.write(data)
    tail += data
    if len(tail) > 2 * TAIL_BYTES:
        del tail[:-TAIL_BYTES]


def _describe(stand: Stand, command: Test, result: Result, verdict: Verdict) -> dict[str, Any]:
    return {
        "task": stand.task.id,
        "command": command.run,
        "commit": stand.commit,
        "exit_code": result.exit_code,
        "seconds": result.duration_s,
        "reason": str(verdict.reason),
        "message": verdict.message,
    }
