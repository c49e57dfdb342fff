"""Start a run: record it, and hand its first step to the manager."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from apps.accounts.models import User
from apps.events import clock
from apps.events.services import record
from apps.projects.code import CodeError, code_of
from apps.projects.models import Project
from apps.projects.origin import BadOrigin, check_branch
from apps.runs.models import Job, Priority, Run
from apps.runs.plan.workflows import PUSHING, WORKFLOWS, first_step
from apps.runs.services import dispatch
from apps.runs.states import RunStatus
from apps.specs.models import SpecVersion

FIRST_EPOCH = 1
LONGEST_TITLE = 200
LONGEST_STORY = 20_000


@dataclass(frozen=True)
class Wishes:
    """What whoever starts a run asks for beyond its spec.

    `story`: from which the manager writes the spec. `unattended`: nobody is asked. `budget`: as in a spec, for less
    than the installation allows. `branch`: on which the work begins, and to which it goes; empty: the project's.
    `runs_on`: tags of agents by role, in the place of what spec and project say.
    """

    story: str = ""
    engine: str = ""
    unattended: bool = False
    budget: Mapping[str, Any] = field(default_factory=dict)
    branch: str = ""
    runs_on: Mapping[str, Any] = field(default_factory=dict)


class BadBranch(ValueError):
    """No run can begin on this branch; the text says why."""


NONE = Wishes()
# Runs that are more than their spec: who makes them registers how one is made again (apps/ci/apps.py).
AGAIN: dict[str, Callable[[Run, User | None], Run]] = {}


def start_run(
    project: Project,
    version: SpecVersion | None,
    user: User | None,
    *,
    workflow: str = "build",
    cause: str = Run.Cause.REQUEST,
    parent: Run | None = None,
    wishes: Wishes = NONE,
) -> Run:
    """Record a run of this spec version and send its first job to the manager, on commit.

    A run of a story has no spec yet, and the engine that it names, if it names one: see specified(). A retry or a
    repair begins on its parent's branch. Raises BadBranch.
    """
    _check_branch(project, wishes.branch)
    data, now = version.data if version else {}, clock.now()
    with transaction.atomic():
        run = Run.objects.create(
            project=project,
            spec_version=version,
            parent=parent,
            cause=cause,
            workflow=workflow,
            engine=wishes.engine or data.get("engine") or ("" if wishes.story else "template"),
            title=data.get("title") or title_of(wishes.story) or WORKFLOWS[workflow].description,
            story=wishes.story,
            unattended=wishes.unattended,
            budget=dict(wishes.budget),
            runs_on=dict(wishes.runs_on or (parent.runs_on if parent else {})),
            priority=Priority[str(data.get("priority", "normal")).upper()],
            created_by=user,
            epoch=FIRST_EPOCH,
            created_at=now,
            published_at=now,
            from_branch=wishes.branch or (parent.from_branch if parent else ""),
            has_origin=bool(project.origin_url) and WORKFLOWS[workflow].uses_origin,
        )
        _begin(run, now)
    return run


def _check_branch(project: Project, branch: str) -> None:
    """Whether it is there is seen at once only where it cannot come with a fetch; else the plan says so."""
    if not branch:
        return
    try:
        check_branch(branch)
        if not project.origin_url:
            code_of(project).resolve(branch)
    except (BadOrigin, CodeError) as error:
        raise BadBranch(str(error)) from None


def _begin(run: Run, now: datetime) -> None:
    """Make the run's first job, and have somebody look at it once this has committed."""
    step = first_step(run.workflow, run.has_origin)
    job = Job.objects.create(run=run, step=step, role=step.partition(".")[0], queued_at=now)
    record(run.pk, Run.EVENT, {"id": run.pk, "from": "", "to": str(RunStatus.QUEUED)})
    if job.role == "manager":  # who goes on by himself when it is done
        dispatch.on_commit(step, job.pk, run.epoch, priority=run.priority)
    else:  # whatever others begin with goes on in a canvas, which the manager composes
        dispatch.advance(run.pk)


def title_of(story: str) -> str:
    """The story's first line, until the spec has a better one."""
    line = story.strip().partition("\n")[0].strip()
    return line if len(line) <= LONGEST_TITLE else f"{line[: LONGEST_TITLE - 1]}…"


def start_push(project: Project, branch: str, user: User | None) -> Run:
    """Push this branch of the project's repository to its origin, in a run of its own."""
    with transaction.atomic():
        return _about(start_run(project, None, user, workflow=PUSHING), branch)


def workflow_again(run: Run) -> str:
    """The workflow of a run that does the same again: what was written from a story is not written a second time."""
    return "build" if run.workflow == "story" and run.spec_version_id else run.workflow


def why_not_again(run: Run) -> str:
    """Why this run cannot be started once more; empty where it can."""
    if not run.ended:
        return "The run has not ended yet; cancel it first."
    if run.workflow not in WORKFLOWS:
        return f"It was a part of run {run.parent_id}, and cannot be run without it."
    return ""


def retry_run(run: Run, user: User | None) -> Run:
    """The same spec version, or a story without one, once more: a new run that names this one as its parent."""
    if again := AGAIN.get(run.workflow):
        return again(run, user)
    with transaction.atomic():
        fresh = start_run(
            run.project,
            run.spec_version,
            user,
            workflow=workflow_again(run),
            cause=Run.Cause.RETRY,
            parent=run,
            wishes=Wishes(run.story, run.engine, run.unattended, run.budget, runs_on=run.runs_on),
        )
        return _about(fresh, run.branch) if run.workflow == PUSHING else fresh


def _about(run: Run, branch: str) -> Run:
    run.branch = branch
    run.save(update_fields=["branch"])
    return run
