"""report(): how an agent's job ended, recorded by the same finish() as a Celery worker's, once its output is whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from apps.events import clock
from apps.fleet.models import Agent, Assignment
from apps.fleet.orders import order_of
from apps.fleet.services.lease import assignment_alone, held_now
from apps.fleet.services.receive_log import Piece, WrongOffset, receive
from apps.fleet.services.uploads import tree_of
from apps.fleet.stars import stars_for
from apps.runs.models import Job, Run
from apps.runs.outcome import Outcome, canceled, counted, done, failed
from apps.runs.plan.workflows import CODE_ON_AGENT, ON_AGENTS
from apps.runs.services.active import ActiveJob
from apps.runs.services.finish import finish
from apps.runs.states import Reason
from apps.sql.execute import at, execute, together

NO_EPOCH = -1  # no canvas waits for it: the manager looks at the run
# What an agent may say of a job that did not succeed. Whether somebody canceled it, the run knows.
REASONS = frozenset(
    {
        *(Reason.SCRIPT_FAILED, Reason.TIMED_OUT, Reason.NO_OUTPUT, Reason.OUT_OF_MEMORY, Reason.TOO_MANY_PROCESSES),
        *(Reason.DISK_LIMIT, Reason.IMAGE_MISSING, Reason.INFRASTRUCTURE, Reason.LOST),
        *(Reason.TESTS_FAILED, Reason.NO_TESTS, Reason.BAD_PACKAGE),
    }
)
# Of these, what a command of a test may end with; the judge says what that means.
OF_THE_COMMANDS = REASONS - {Reason.IMAGE_MISSING, Reason.INFRASTRUCTURE, Reason.LOST, Reason.BAD_PACKAGE}
ENDED = "UPDATE fleet_assignment SET ended_at = %s, prepared_s = %s WHERE id = %s AND lease_token = %s"
DAMAGED = "Its output arrived damaged."


@dataclass(frozen=True)
class Said:
    """The final word. An empty reason: every command exited with 0."""

    reason: str = ""
    message: str = ""
    exit_code: int | None = None
    commands: list[Mapping[str, Any]] = field(default_factory=list)
    counts: Mapping[str, Any] | None = None  # of its JUnit reports
    log_bytes: int = 0
    log_crc32: int = 0
    prepared_s: float | None = None
    rest: Piece | None = None  # of the output, where it is short enough to come along


def report(agent: Agent, job_id: int, lease: str, said: Said) -> bool:
    """Record the end. False where the output has not arrived up to there: send it, and say this again.

    Said twice, it is recorded once. Raises NotYours, LeaseLost, TooMuchOutput.
    """
    with together():
        found = assignment_alone(agent, job_id)
        if found.ended_at is not None and found.lease_token == lease:
            return True
        held_now(found, lease)
        if not _is_whole(found, lease, said):
            return False
        _finish(found, lease, said)
    return True


def _is_whole(found: Assignment, lease: str, said: Said) -> bool:
    """Whether all output is there, with what has come along."""
    if said.rest is not None:
        try:
            receive(found, lease, said.rest)
        except WrongOffset:
            return False
    return found.log_bytes >= said.log_bytes


def _finish(found: Assignment, lease: str, said: Said) -> None:
    """Under the run's lock."""
    job, run = found.job, found.job.run
    settle = SETTLE.get(job.step)
    outcome = _outcome(run, found, said)
    active = ActiveJob(job)
    active.secrets = stars_for(run.project_id).hidden
    goes_on = finish(active, outcome, run.epoch if settle else NO_EPOCH, locked=run)
    execute(ENDED, at(clock.now()), said.prepared_s, found.pk, lease)
    if settle and goes_on:
        settle(job.pk)


def _outcome(run: Run, found: Assignment, said: Said) -> Outcome:
    if run.stop_reason:
        return canceled(run.stop_reason, run.stop_message)
    data = {"exit_code": said.exit_code, "commands": said.commands, **({"counts": said.counts} if said.counts else {})}
    message = said.message
    if (said.log_bytes, said.log_crc32) != (found.log_bytes, found.log_crc32):
        message = f"{message} {DAMAGED}".strip()
    if found.job.step in ON_AGENTS and (not said.reason or said.reason in OF_THE_COMMANDS):
        return _for_a_judge(found.job, replace(said, message=message), data)
    if found.job.step == CODE_ON_AGENT and (not said.reason or said.reason in OF_THE_COMMANDS):
        return _to_be_taken_back(found, replace(said, message=message), data)
    if not said.reason:
        return done(message, **data)
    return failed(Reason(said.reason), message or "It did not succeed.", **data)


def _for_a_judge(job: Job, said: Said, data: dict[str, Any]) -> Outcome:
    """Its part is to run every command; what that shows is told by the next step. Half of it shows nothing."""
    ordered = len(order_of(job).commands)
    if len(said.commands) < ordered or DAMAGED in said.message:
        told = f"It tells of {len(said.commands)} of {ordered} commands. {said.message}".strip()
        return failed(Reason.INFRASTRUCTURE, told, **data)
    red = sum(1 for one in said.commands if one.get("reason"))
    return done(f"{counted(ordered, 'command')} ran" + (f", {red} of them did not exit with 0" if red else ""), **data)


def _to_be_taken_back(found: Assignment, said: Said, data: dict[str, Any]) -> Outcome:
    """Its part is to run the commands until one fails, and to hand in the workspace; the next step looks at that."""
    ordered, ran = len(order_of(found.job).commands), len(said.commands)
    ended = ran == ordered or (0 < ran < ordered and bool(said.commands[-1].get("reason")))
    tree = tree_of(found)
    if tree is None and said.reason:
        return failed(Reason(said.reason), said.message or "It did not succeed.", **data)
    if tree is None or not ended or DAMAGED in said.message:
        handed_in = "" if tree else " It has not handed in the workspace."
        told = f"It tells of {ran} of {ordered} commands.{handed_in} {said.message}".strip()
        return failed(Reason.INFRASTRUCTURE, told, **data)
    package = {"source": tree.store_key, "sha256": tree.sha256, "size_bytes": tree.size_bytes}
    red = ", the last did not exit with 0" if said.reason else ""
    return done(f"{counted(ran, 'command')} ran{red}", package=package, **data)


SETTLE: dict[str, Callable[[int], None]] = {}
"""By step: who goes on with the run of such a job in place, in the transaction that records its success."""
