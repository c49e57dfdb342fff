"""Deploy a run's commit: build, start beside the old one, look whether it is healthy, and only then switch."""

from __future__ import annotations

from contextlib import suppress
from typing import BinaryIO, cast

from apps.events.lifecycle import IllegalMove, MoveLost
from apps.events.models import EventType
from apps.incidents.services import settle_after_switch
from apps.releases.models import Environment, Release
from apps.releases.services import (
    Outdated,
    abandoned,
    begin_release,
    environment_of,
    fail_release,
    go_live,
    reserve_switch,
)
from apps.runs.outcome import JobFailed, Outcome, done
from apps.runs.services.active import ActiveJob
from apps.runs.states import Reason
from apps.specs.schema import Deploy, Spec
from workers.deployment.choose import target_for
from workers.deployment.recipes import filled, recipe_for
from workers.deployment.targets.port import Shown, Target, TargetError
from workers.deployment.targets.recipe import Recipe
from workers.places import repository_of, require_room
from workers.repo.repository import Repository
from workers.workspaces import workspace_kept

LOG_TAIL_BYTES = 4000


def deploy(job: ActiveJob) -> Outcome:
    """The work of deployment.deploy."""
    job.emit(EventType.PHASE, name="deploy")
    require_room()
    spec = Spec.model_validate(job.spec)
    plan = filled(spec, job.run)
    target = target_for(plan.target)
    environment = environment_of(job.run.project, plan.environment)
    repository = repository_of(job.run.project)
    recipe = recipe_for(spec, plan, environment, repository, job.run.commit)
    clear_abandoned(environment, target)
    release = begin_release(job, environment, plan.target, plan.model_dump(mode="json"))
    try:
        shown = _bring_up(job, release, target, repository, recipe, plan)
    except JobFailed as failure:
        _give_up(release, target, Reason(failure.outcome.reason), failure.outcome.message)
        raise
    except TargetError as error:
        _give_up(release, target, Reason.INFRASTRUCTURE, str(error))
        raise JobFailed(Reason.INFRASTRUCTURE, str(error)) from error
    target.prune(recipe.environment, keep=kept(environment))
    return done(f"Live at {shown.url}", url=shown.url, release=release.pk, commit=release.commit)


def _bring_up(
    job: ActiveJob, release: Release, target: Target, repository: Repository, recipe: Recipe, plan: Deploy
) -> Shown:
    name = key_of(release)
    _build(job, name, target, repository, recipe)
    job.emit(EventType.ACTIVITY, text="Starting the release")
    target.start(name)
    health = target.healthy(name, plan.within_s)
    job.print(f"[hive] {recipe.health_url}: {health.message}")
    if job.stopping:
        raise JobFailed(Reason.CANCELED_BY_USER, job.stopping.message)
    if not health.ok:
        tail = target.logs(name, LOG_TAIL_BYTES).decode(errors="replace")
        raise JobFailed(Reason.UNHEALTHY, f"{recipe.health_url}: {health.message}", log=tail)
    generation = reserve_switch(release, job)
    shown = target.switch(name, generation)
    try:
        old = go_live(release, generation, url=shown.url, address=list(shown.address), job=job)
    except Outdated as error:
        raise JobFailed(Reason.LOST, str(error)) from error
    job.print(f"[hive] Live at {shown.url} (release {release.pk}, commit {release.commit[:12]}).")
    if old is not None:
        retire(old, target_for(old.target))
    return shown


def _build(job: ActiveJob, name: str, target: Target, repository: Repository, recipe: Recipe) -> None:
    job.emit(EventType.ACTIVITY, text="Building the release")
    with repository.archive(job.run.commit) as tar:
        build = target.build(
            name,
            cast(BinaryIO, tar),
            recipe,
            on_output=job.log.write,
            on_begin=lambda kill: job.on_stop(lambda stop: kill(stop.message)),
            around=lambda sandbox: workspace_kept(job, sandbox),
        )
    for note in build.notes:
        job.print(f"[hive] {note}")
    if not build.ok:
        raise JobFailed(
            Reason.SCRIPT_FAILED, f"The build failed: {build.message}", output=build.output[-LOG_TAIL_BYTES:]
        )


def _give_up(release: Release, target: Target, reason: Reason, message: str) -> None:
    """What was live before stays live. The target is told last: it may be what failed."""
    with suppress(MoveLost, IllegalMove):
        fail_release(release, reason, message)
    with suppress(TargetError):
        target.stop(key_of(release))


def clear_abandoned(environment: Environment, target: Target) -> None:
    """End what an attempt left half deployed when it died."""
    for release in abandoned(environment):
        _give_up(release, target, Reason.LOST, "The attempt that deployed it ended before it was live.")


def retire(old: Release, target: Target) -> None:
    """The release before: its process ends, its files stay for a rollback."""
    settle_after_switch(old)
    with suppress(TargetError):
        target.stop(key_of(old))


def kept(environment: Environment) -> list[str]:
    """What must not be deleted: what people see, and what they could go back to."""
    environment.refresh_from_db()
    return [key_of(release) for release in (environment.live, environment.previous) if release is not None]


def key_of(release: Release) -> str:
    """The target's name for what runs: a release that restores another is the same files under the same name."""
    return f"r{release.restores_id or release.pk}"
