"""Reads that more than one face or worker needs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from apps.accounts.access import visible_organisations
from apps.accounts.models import User
from apps.events import clock
from apps.projects.queries import in_visible_projects
from apps.runs.models import Delegation, Gate, Job, Run, Steering, Task
from apps.runs.plan.decide import JobView, Snapshot, TaskView
from apps.runs.plan.graph import Node
from apps.runs.plan.workflows import CODE, TEST, WRITE_TESTS, TaskLink, nodes
from apps.runs.states import PUT_ASIDE, RUN_ENDED, Reason

CI_RUN = "ci"  # a run of this workflow asks nobody: it has no gates, nobody steers it, and it delegates nothing


def visible_runs(user: User) -> QuerySet[Run]:
    """The runs that this person may see; every face starts from here.

    The newest ones are found by walking the runs from their end; a join of all that are visible would be sorted as a
    whole for every page.
    """
    if user.is_superuser:
        return Run.objects.all()
    return Run.objects.filter(in_visible_projects(user, "project"))


def visible_run(user: User, number: int) -> QuerySet[Run]:
    """This one, if this person may see it. A list begins with the projects, this with the run."""
    found = Run.objects.filter(pk=number)
    return found if user.is_superuser else found.filter(project__organisation__in=visible_organisations(user))


def visible_jobs(user: User) -> QuerySet[Job]:
    return Job.objects.all() if user.is_superuser else Job.objects.filter(in_visible_projects(user, "run__project"))


def visible_gates(user: User) -> QuerySet[Gate]:
    return Gate.objects.all() if user.is_superuser else Gate.objects.filter(in_visible_projects(user, "run__project"))


@dataclass(frozen=True)
class RunState:
    """A run as advance() sees it: the values to decide on, and the rows to act on."""

    snapshot: Snapshot
    newest: dict[str, Job]  # the newest job of each node, in its current round
    tasks: Mapping[str, Task] = field(default_factory=dict)  # by key


def read_state(
    run: Run,
    tasks_read: Iterable[Task] | None = None,
    jobs_read: Iterable[Job] | None = None,
    gates_read: Iterable[Gate] | None = None,
) -> RunState:
    """Everything the database says about the run's progress, in three queries. Call under the run's lock, unless it is
    only shown: then all its tasks, jobs and gates may have been read before.
    """
    spec = run.spec_version.data if run.spec_version else {}
    tasks = {task.key: task for task in (run.tasks.all() if tasks_read is None else tasks_read)}
    by_id = {task.pk: task for task in tasks.values()}
    newest: dict[str, Job] = {}
    aside: dict[str, int] = {}
    before: dict[str, str] = {}  # by node: what its tests failed with in the round before
    for job in sorted(run.jobs.all() if jobs_read is None else jobs_read, key=lambda job: job.attempt):
        task = by_id.get(job.task_id) if job.task_id else None
        if task and job.step == TEST and job.round == task.round - 1 and "fingerprint" in job.outcome:
            before[Node(TEST, task.key).key] = job.outcome["fingerprint"]
        if job.round == round_of(job.step, task, run):
            key = Node(job.step, task.key if task else "").key
            newest[key] = job
            aside[key] = aside.get(key, 0) + (job.reason in PUT_ASIDE)
    gates = [] if run.workflow == CI_RUN else list(run.gates.all() if gates_read is None else gates_read)
    held = held_back(run)
    by_job = {gate.job_id: gate for gate in gates if gate.job_id is not None}
    snapshot = Snapshot(
        status=run.status,
        nodes=plan_nodes(run, [_link(task, run.workflow) for task in tasks.values()]),
        jobs={key: view(job, by_job.get(job.pk), aside[key], before.get(key, ""), held) for key, job in newest.items()},
        gates=_answers(run, gates),
        touched=bool(run.touched),
        tasks={key: TaskView(key, task.round, task.spec.get("repeatable", True)) for key, task in tasks.items()},
        stop_reason=run.stop_reason,
        stop_message=run.stop_message,
        repair_rounds=spec.get("repair", {}).get("rounds", 0),
        attempts=settings.JOB_ATTEMPTS,
        keep_going=run.workflow == "ci" and not any(task.spec.get("fail_fast") for task in tasks.values()),
    )
    return RunState(snapshot, newest, tasks)


def _answers(run: Run, gates: Iterable[Gate]) -> dict[str, tuple[str, str]]:
    """Of the gates that are steps of the plan, by name; those in which a job asks belong to the job."""
    return {gate.name: (gate.status, gate.message) for gate in gates if gate.job_id is None and gate.round == run.round}


def _link(task: Task, workflow: str) -> TaskLink:
    tags = agent_tags(task.spec) if workflow == "ci" else tuple(task.runs_on)
    codes_on = () if workflow == "ci" else tuple(task.codes_on)
    return TaskLink(task.key, tuple(task.needs), tags, codes_on, task.has_requirements)


def agent_tags(spec: Mapping[str, Any]) -> tuple[str, ...]:
    """What an agent must have for a job of CI; see with_kind()."""
    return with_kind(spec.get("runs_on") or (), spec)


def with_kind(tags: Iterable[str], spec: Mapping[str, Any]) -> tuple[str, ...]:
    """The tags that are named, and the kind of sandbox, where one is needed.

    Nothing where no tag is named: then it is for Hive's own workers.
    """
    tags = tuple(tags)
    kind = spec.get("sandbox") or ("docker" if spec.get("image") else "")
    return (*tags, f"sandbox:{kind}") if tags and kind else tags


def round_of(step: str, task: Task | None, run: Run) -> int:
    """The round in which this step counts now. Tests are written once: a repair does not write them anew."""
    if task is None:
        return run.round
    return 1 if step == WRITE_TESTS else task.round


def held_back(run: Run) -> set[tuple[int, str, int]]:
    """(task, step, round) of the work that does not go on yet: a person has paused it, or its sub-task goes on."""
    if run.ended or run.workflow == CI_RUN:
        return set()
    paused = Steering.objects.filter(job__run=run, kind=Steering.Kind.PAUSE, done_at=None)
    waiting = Delegation.objects.filter(task__run=run).exclude(child__status__in=RUN_ENDED)
    return {*paused.values_list("task_id", "step", "round"), *((one.task_id, CODE, one.round) for one in waiting)}


def view(
    job: Job,
    gate: Gate | None = None,
    aside: int = 0,
    before: str = "",
    held: Collection[tuple[int | None, str, int]] = (),
) -> JobView:
    """`aside`: how many attempts at this work, with this one, were put aside. `before`: what failed last round.
    `held`: see held_back().
    """
    attempt = max(job.attempt - aside, 1)
    answer = (gate.status, gate.message) if gate else ("", "")
    same = bool(before) and job.outcome.get("fingerprint") == before
    resting = is_resting(job) or (job.task_id, job.step, job.round) in held
    return JobView(job.pk, job.status, attempt, job.reason, job.message, same, resting, *answer)


def is_resting(job: Job) -> bool:
    """A full disk or a server that is away needs time to come back; the sweep brings the job back after that."""
    if job.reason != Reason.INFRASTRUCTURE or job.finished_at is None:
        return False
    return clock.now() < job.finished_at + timedelta(seconds=settings.REST_S * 2 ** (job.attempt - 1))


def plan_nodes(run: Run, tasks: list[TaskLink]) -> tuple[Node, ...]:
    spec: dict[str, Any] = run.spec_version.data if run.spec_version else {}
    flags = {"deploys": bool(spec.get("deploy")), "guarded": run.guarded, "has_origin": run.has_origin}
    return nodes(run.workflow, tasks, spec.get("gates", []), **flags)
