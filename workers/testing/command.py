"""Run one test command in a sandbox, and see how it went."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any, BinaryIO, cast

from apps.events.models import EventType
from apps.projects.secrets import SecretError, open_secrets
from apps.runs.outcome import JobFailed
from apps.runs.services.active import ActiveJob
from apps.runs.states import Reason
from apps.specs.schema import Task as TaskSpec
from apps.specs.schema import Test
from workers.acceptance import Proof
from workers.confine import sandbox_for
from workers.junit import Counts
from workers.repo.repository import Repository
from workers.reports import count, reports_in
from workers.sandbox.port import WORKSPACE, Result, Sandbox
from workers.testing.judge import Verdict, judge
from workers.workspaces import NAME

TAIL_BYTES = 64 * 1024


@dataclass(frozen=True)
class Stand:
    """Where commands run: a sandbox with the files of one tree, and what they may use."""

    job: ActiveJob
    sandbox: Sandbox
    task: TaskSpec
    secrets: dict[str, str]


@dataclass(frozen=True)
class Seen:
    """How one command went. `tail`: the end of what it printed; `counts`: what its reports say, None without any."""

    command: str
    result: Result
    verdict: Verdict
    counts: Counts | None
    tail: bytes

    def described(self, task: str, commit: str) -> dict[str, Any]:
        told = {
            "task": task,
            "command": self.command,
            "commit": commit,
            "exit_code": self.result.exit_code,
            "seconds": self.result.duration_s,
            "reason": str(self.verdict.reason),
            "message": self.verdict.message,
        }
        return told | ({"counts": asdict(self.counts)} if self.counts else {})


@contextmanager
def fresh_stand(
    job: ActiveJob, repository: Repository, tree: str, task: TaskSpec, kept_as: str = NAME
) -> Iterator[Stand]:
    """A sandbox that nobody has used, with the files of this tree (or commit)."""
    secrets = _secrets_of(job, task)
    with sandbox_for(job, task.constraints, kept_as) as sandbox:
        with repository.archive(tree) as tar:
            sandbox.unpack(cast(BinaryIO, tar))
        yield Stand(job, sandbox, task, secrets)


def home_in(repository: Repository, commit: str, task: TaskSpec) -> str:
    """Where the task's commands start: in its home, if the commit has it."""
    return task.home if repository.holds(commit, task.home.removeprefix(f"{WORKSPACE}/")) else WORKSPACE


def run_in_fresh_sandbox(
    job: ActiveJob, repository: Repository, tree: str, task: TaskSpec, test: Test, commit: str
) -> Seen:
    """One command that starts in /workspace. Of several such sandboxes, the first one's workspace is kept."""
    with fresh_stand(job, repository, tree, task, f"acceptance/{NAME}") as stand:
        return run_command(stand, test, WORKSPACE, commit)


def test_of(proof: Proof, task: TaskSpec) -> Test:
    """An acceptance test as a test command of a spec."""
    return Test.model_validate({"run": proof.run, "dir": WORKSPACE, "timeout": task.constraints.timeout_s})


def run_command(stand: Stand, command: Test, cwd: str, commit: str) -> Seen:
    job, sandbox = stand.job, stand.sandbox
    job.emit(EventType.ACTIVITY, text=f"Running {command.run}")
    job.print(f"$ {command.run}    # {stand.task.id}, in {cwd}, at {commit[:12]}")
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
    return Seen(command.run, result, verdict, counts, bytes(tail[-TAIL_BYTES:]))


def _keep(job: ActiveJob, tail: bytearray, data: bytes) -> None:
    job.log.write(data)
    tail += data
    if len(tail) > 2 * TAIL_BYTES:
        del tail[:-TAIL_BYTES]


def _secrets_of(job: ActiveJob, task: TaskSpec) -> dict[str, str]:
    try:
        return open_secrets(job.run.project, task.secrets)
    except SecretError as error:
        raise JobFailed(Reason.INVALID_SPEC, str(error)) from error
