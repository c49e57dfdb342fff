"""Run fresh tests where there is no code for them yet: each must fail, by itself, having run something."""

from __future__ import annotations

from apps.events.models import EventType
from apps.runs.services.active import ActiveJob
from apps.specs.schema import Task as TaskSpec
from workers.acceptance import Acceptance
from workers.repo.repository import Repository
from workers.sandbox.port import Ended
from workers.testing.command import Seen, run_in_fresh_sandbox, test_of
from workers.testing.judge import RAN_NOTHING

END_SHOWN = 1500
CANNOT_RUN = (126, 127)


def refused(job: ActiveJob, repository: Repository, task: TaskSpec, tests: Acceptance) -> list[str]:
    """What is wrong with them, one sentence each; nothing where every one of them is red."""
    problems = []
    for proof in tests.proofs:
        if job.stopping:
            break
        seen = run_in_fresh_sandbox(job, repository, tests.commit, task, test_of(proof, task), tests.commit)
        why = _why(seen)
        job.print(f"[hive] {proof.requirement}: {why or 'red, as it should be while the code is missing'}")
        told = {"requirement": proof.requirement, "task": task.id, "command": proof.run, "commit": tests.commit}
        reason, message = (
            ("tests_refused", why) if why else ("", f"{proof.requirement}: fails before the code is written")
        )
        job.emit(EventType.TEST_RUN, **told, seconds=seen.result.duration_s, reason=reason, message=message)
        if why:
            problems.append(f"{proof.requirement} ({proof.file}): {why}")
    return problems


def _why(seen: Seen) -> str:
    result, end = seen.result, seen.tail[-END_SHOWN:].decode(errors="replace")
    if result.ended is not Ended.EXITED:
        return f"`{seen.command}` did not end by itself: {result.message}"
    if result.exit_code in CANNOT_RUN:
        return f"`{seen.command}` cannot be run (exit code {result.exit_code}):\n{end}"
    if RAN_NOTHING.search(seen.tail) or (seen.counts is not None and not seen.counts.passed + seen.counts.failed):
        return f"`{seen.command}` ran no test:\n{end}"
    if result.exit_code == 0 and not (seen.counts and seen.counts.failed):
        return f"`{seen.command}` passes already, so it shows nothing:\n{end}"
    return ""
