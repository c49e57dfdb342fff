"""decide(): given everything the database says about a run, what happens next. The heart of advance().

A pure function: the same snapshot gives the same decision, whoever asks and how often.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from apps.runs.plan.graph import Node, Wave, reachable, waves
from apps.runs.plan.workflows import CODE, CODE_ON_AGENT, TEST, TESTS_CHANGED
from apps.runs.states import NOT_OF_THE_CODE, PUT_ASIDE, RETRIED, RUN_ENDED, GateStatus, JobStatus, Reason, RunStatus

BY_A_PERSON = (Reason.CANCELED_BY_USER, Reason.HANDED_OFF)  # a run that was stopped so has not failed
SAME = "The last repair changed nothing about the failure, so no further round is tried."


@dataclass(frozen=True)
class JobView:
    """The newest attempt at a node, in the node's current round."""

    id: int
    status: str
    attempt: int = 1  # those that were put aside do not count
    reason: str = ""
    message: str = ""
    same_failure: bool = False  # as in the round before: another round would change nothing
    resting: bool = False  # tried again, but not yet: something has to come back, a person or a sub-task lets it wait
    gate: str = ""  # the status of the gate that it opened, where it ended by asking a person
    answer: str = ""  # what was written at that gate


@dataclass(frozen=True)
class TaskView:
    key: str
    round: int = 1
    repeatable: bool = True  # else its code is not written again by itself: its commands act beyond their sandbox


@dataclass(frozen=True)
class Snapshot:
    """What the database says about one run, read under its lock."""

    status: str
    nodes: tuple[Node, ...]
    jobs: Mapping[str, JobView] = field(default_factory=dict)  # by node key
    gates: Mapping[str, tuple[str, str]] = field(default_factory=dict)  # by name: status, message
    tasks: Mapping[str, TaskView] = field(default_factory=dict)
    touched: bool = False  # tests, CI files or test commands were changed
    stop_reason: str = ""
    stop_message: str = ""
    repair_rounds: int = 0
    attempts: int = 3
    keep_going: bool = False  # a step that failed does not stop those that do not need it


@dataclass(frozen=True)
class Wait:
    """Nothing to do: jobs are under way, a person is asked, or the run has ended."""


@dataclass(frozen=True)
class End:
    status: RunStatus
    reason: str = ""
    message: str = ""


@dataclass(frozen=True)
class Stop:
    """The run cannot succeed any more, and jobs are still running: ask them to end."""

    reason: str
    message: str


@dataclass(frozen=True)
class Repair:
    """Send the task back to coding, one round later."""

    task: str
    reason: str
    message: str


@dataclass(frozen=True)
class OpenGate:
    name: str


@dataclass(frozen=True)
class PassGate:
    """What it would ask about did not happen: it is approved without a person, and that is recorded."""

    name: str


@dataclass(frozen=True)
class Publish:
    """Hand out everything that can be reached without waiting for a running job, an agent or a person.

    `for_agents`: what begins now and no message is sent for; an agent asks for it.
    """

    waves: tuple[Wave, ...]
    for_agents: tuple[Node, ...] = ()


Decision = Wait | End | Stop | Repair | OpenGate | PassGate | Publish


def decide(run: Snapshot) -> Decision:
    """What to do next. Called again after a Repair or an OpenGate has been carried out."""
    if run.status in RUN_ENDED:
        return Wait()
    running = {key for key, job in run.jobs.items() if job.status == JobStatus.RUNNING}
    if run.stop_reason:
        return Wait() if running else _stopped(run)
    failure = _failure(run)
    if isinstance(failure, Stop) and run.keep_going and (others := _others(run, running)):
        return others
    if isinstance(failure, Stop) and not running:
        return End(RunStatus.FAILED, failure.reason, failure.message)
    return failure or _go_on(run, running)


def _others(run: Snapshot, running: set[str]) -> Decision | None:
    """What is left to do beside the steps that failed; None where nothing is."""
    over = {key for key, job in run.jobs.items() if job.status in (JobStatus.FAILED, JobStatus.CANCELED)}
    nodes = {node.key: node for node in run.nodes}
    lost = {key for key in over if not _tried_again(run, nodes[key], run.jobs[key])}
    step = _go_on(run, running | lost)
    if isinstance(step, Publish) or running or any(job.resting for job in run.jobs.values()):
        return step
    done = {node.key for node in run.nodes if _is_done(run, node)}
    offered = {key for key, job in run.jobs.items() if job.status == JobStatus.QUEUED}
    return step if any(node.key in offered and done.issuperset(node.after) for node in run.nodes) else None


def _stopped(run: Snapshot) -> End:
    """How a run ends that was asked to stop. A run that never started was not able to fail."""
    canceled = run.stop_reason in BY_A_PERSON or run.status == RunStatus.QUEUED
    return End(RunStatus.CANCELED if canceled else RunStatus.FAILED, run.stop_reason, run.stop_message)


def _failure(run: Snapshot) -> Stop | Repair | None:
    """The first step, in the plan's order, that did not succeed and will not be tried again by itself."""
    for node in run.nodes:
        if node.is_gate:
            status, message = run.gates.get(node.gate, ("", ""))
            if status == GateStatus.REJECTED:
                return Stop(Reason.REJECTED, message or f"The gate {node.gate} was rejected.")
        elif job := run.jobs.get(node.key):
            if job.status not in (JobStatus.FAILED, JobStatus.CANCELED) or _tried_again(run, node, job):
                continue
            if job.gate == GateStatus.REJECTED:
                return Stop(Reason.REJECTED, job.answer or "Its questions were rejected.")
            mended = node.step == TEST and job.reason not in NOT_OF_THE_CODE and run.tasks[node.task].repeatable
            if mended and run.tasks[node.task].round <= run.repair_rounds:
                if job.same_failure:
                    return Stop(Reason.SAME_FAILURE, f"{SAME} {job.message}")
                return Repair(node.task, job.reason, job.message)
            return Stop(job.reason, job.message)
    return None


def _tried_again(run: Snapshot, node: Node, job: JobView) -> bool:
    if job.reason in PUT_ASIDE:
        return job.gate != GateStatus.REJECTED
    if _writes(node) and node.task in run.tasks and not run.tasks[node.task].repeatable:
        return False
    return job.status == JobStatus.FAILED and job.reason in RETRIED and job.attempt < run.attempts


def _writes(node: Node) -> bool:
    """Whether code comes into being here, and is not only taken back from an agent."""
    return node.step == CODE_ON_AGENT or (node.step == CODE and f"{CODE_ON_AGENT}:{node.task}" not in node.after)


def _go_on(run: Snapshot, running: set[str]) -> Decision:
    done = {node.key for node in run.nodes if _is_done(run, node)}
    if len(done) == len(run.nodes):
        return End(RunStatus.COMPLETED)
    gates = {node.key for node in run.nodes if node.is_gate and node.key not in done}
    resting = {key for key, job in run.jobs.items() if job.resting or job.gate == GateStatus.PENDING}
    for node in run.nodes:
        if node.key in gates and node.gate not in run.gates and all(key in done for key in node.after):
            nothing_to_ask = node.gate == TESTS_CHANGED and not run.touched
            return PassGate(node.gate) if nothing_to_ask else OpenGate(node.gate)
    remote = {node.key for node in run.nodes if node.runs_on} - done
    open_nodes = reachable(run.nodes, done, blocked=running | gates | resting | remote)
    offered = {key for key, job in run.jobs.items() if job.status == JobStatus.QUEUED}
    begin = remote - running - resting - offered
    for_agents = tuple(node for node in run.nodes if node.key in begin and done.issuperset(node.after))
    return Publish(waves(open_nodes), for_agents) if open_nodes or for_agents else Wait()


def _is_done(run: Snapshot, node: Node) -> bool:
    if node.is_gate:
        return run.gates.get(node.gate, ("", ""))[0] == GateStatus.APPROVED
    job = run.jobs.get(node.key)
    return job is not None and job.status == JobStatus.COMPLETED
