"""Make the jobs of a canvas, and take the next epoch for it. The canvas itself is composed in workers/manager."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from apps.events import clock, wake
from apps.events.lifecycle import MoveLost, move
from apps.runs.models import Job, Run, Task
from apps.runs.plan.decide import Publish
from apps.runs.plan.graph import Chain, Node
from apps.runs.plan.workflows import BEGINS_A_TASK
from apps.runs.queries import RunState, round_of
from apps.runs.states import JobStatus, TaskStatus
from apps.sql.insert import insert


@dataclass(frozen=True)
class Message:
    """What a canvas step carries: which task to call, about which job, under which epoch."""

    step: str
    job_id: int
    epoch: int


Messages = tuple[tuple[tuple[Message, ...], ...], ...]  # waves of chains


def next_epoch(run: Run) -> int:
    """Take the next epoch by compare-and-swap. Raises MoveLost if somebody else published meanwhile."""
    taken = Run.objects.filter(pk=run.pk, epoch=run.epoch).update(epoch=run.epoch + 1, published_at=clock.now())
    if not taken:
        raise MoveLost(f"{run} was published by somebody else meanwhile.")
    run.epoch += 1
    return run.epoch


def prepare(run: Run, due: Publish, state: RunState) -> Messages:
    """The messages for what is due, under the next epoch. Call under the run's lock."""
    next_epoch(run)
    return queue(run, due, state)[1]


def queue(run: Run, due: Publish, state: RunState) -> tuple[dict[str, Job], Messages]:
    """A queued job for all that is due: an old one that is still queued, or a new attempt; and the messages for them,
    under the run's epoch. With the jobs come the newest ones of all other nodes.

    What agents are to do gets its job and no message.
    """
    jobs = dict(state.newest)
    needs = _job_needs(state.snapshot.nodes)
    for node in (*due.for_agents, *(node for wave in due.waves for chain in wave for node in chain)):
        needed = [jobs[key].pk for key in needs[node.key]]
        jobs[node.key] = _queued(run, node, state.tasks.get(node.task), jobs.get(node.key), needed)

    def messages(chain: Chain) -> tuple[Message, ...]:
        return tuple(Message(node.step, jobs[node.key].pk, run.epoch) for node in chain)

    if due.for_agents:
        transaction.on_commit(wake.fleet)
    return jobs, tuple(tuple(messages(chain) for chain in wave) for wave in due.waves)


def _job_needs(nodes: Sequence[Node]) -> dict[str, list[str]]:
    """Per node, the nearest nodes before it that are jobs; a gate's own needs stand in for the gate."""
    found: dict[str, list[str]] = {}
    gates = {node.key for node in nodes if node.is_gate}
    for node in nodes:
        found[node.key] = [job for key in node.after for job in (found[key] if key in gates else [key])]
    return found


def _queued(run: Run, node: Node, task: Task | None, last: Job | None, needs: list[int]) -> Job:
    if last is not None and last.status == JobStatus.QUEUED:
        if last.needs != needs:
            Job.objects.filter(pk=last.pk, status=JobStatus.QUEUED).update(needs=needs)
        return last
    if task is not None and node.step in BEGINS_A_TASK and task.status == TaskStatus.CREATED:
        move(task, TaskStatus.ASSIGNED)
    return insert(
        Job(
            run=run,
            task=task,
            role=node.role,
            step=node.step,
            round=round_of(node.step, task, run),
            attempt=last.attempt + 1 if last else 1,
            needs=needs,
            runs_on=list(node.runs_on),
            queued_at=clock.now(),
        )
    )
