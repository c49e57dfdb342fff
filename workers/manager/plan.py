"""Plan a run: from the spec's version to the base commit and the tasks that will be built on it."""

from __future__ import annotations

from pydantic import ValidationError

from apps.events.models import EventType
from apps.projects.models import Project
from apps.runs.models import Run
from apps.runs.outcome import Outcome, counted, done, failed
from apps.runs.services.active import ActiveJob
from apps.runs.states import Reason
from apps.specs.schema import Spec
from workers.beginning import branch_tip
from workers.manager.landing import land_finished
from workers.places import repository_of
from workers.repo.merge import MergeConflict, merge
from workers.repo.repository import Repository


def plan(job: ActiveJob) -> Outcome:
    """Read the spec again as it was stored, and settle where the work begins. The tasks are made with the job's end."""
    job.emit(EventType.PHASE, name="plan")
    try:
        spec = Spec.model_validate(job.spec)
    except ValidationError as error:
        return failed(Reason.INVALID_SPEC, f"The stored spec cannot be read by this version of Hive: {error}")
    repository = repository_of(job.run.project)
    land_finished(job.run.project, repository)
    base = _base_of(job.run, repository)
    guarded = is_guarded(job.run, spec)
    for task in spec.tasks:
        after = f" after {', '.join(task.depends_on)}" if task.depends_on else ""
        job.print(f"{task.id}: {task.title}{after}")
    return done(counted(len(spec.tasks), "task"), base_commit=base, tasks=len(spec.tasks), guarded=guarded)


def is_guarded(run: Run, spec: Spec) -> bool:
    """Whether changed tests wait for a person: where a model writes, and project or spec do not say otherwise."""
    policy = run.project.guard or spec.guard.policy
    return policy == Project.Guard.GATE and any((task.engine or run.engine) != "template" for task in spec.tasks)


def _base_of(run: Run, repository: Repository) -> str:
    """Where the work begins: the run's branch; for a repair of what the origin may not have merged, both."""
    tip = branch_tip(run, repository)
    parent = run.parent
    if not run.has_origin or run.cause != Run.Cause.REPAIR or parent is None or not parent.commit:
        return tip
    try:
        return merge(repository, tip, parent.commit, f"run {parent.pk}")
    except MergeConflict:
        return parent.commit
