"""From what the spec and its template say of deployment to the recipe that a target follows."""

from __future__ import annotations

from django.conf import settings

from apps.releases.models import Environment
from apps.runs.models import Job, Run
from apps.runs.outcome import JobFailed
from apps.runs.plan.workflows import CODE
from apps.runs.states import JobStatus, Reason
from apps.specs.schema import WORKSPACE, Deploy, DeployDefaults, Spec
from workers.confine import limits_of
from workers.deployment.targets.recipe import Recipe
from workers.repo.repository import Repository


def filled(spec: Spec, run: Run) -> Deploy:
    """The spec's deploy part, completed by what the template that made the product says. Raises JobFailed."""
    deploy = (spec.deploy or Deploy()).filled(_defaults(spec, run))
    if not (deploy.directory or deploy.command or deploy.by_itself):
        message = (
            "Nothing says what to deploy: give `deploy` a `directory` to serve or a `command` that listens on $PORT."
        )
        raise JobFailed(Reason.INVALID_SPEC, message)
    return deploy


def _defaults(spec: Spec, run: Run) -> DeployDefaults:
    """What the coding job wrote down of its template; a template may have changed since."""
    if spec.deploy_source is None:
        return DeployDefaults()
    task, _ = spec.deploy_source
    written = Job.objects.filter(run=run, task__key=task.id, step=CODE, status=JobStatus.COMPLETED).order_by("-pk")
    outcome = written.values_list("outcome", flat=True).first()
    return DeployDefaults.model_validate((outcome or {}).get("deploy") or {})


def recipe_for(spec: Spec, deploy: Deploy, environment: Environment, repository: Repository, commit: str) -> Recipe:
    """Raises JobFailed where it cannot work."""
    cwd = spec.deploy_dir or WORKSPACE
    if not repository.holds(commit, cwd.removeprefix(WORKSPACE)):
        cwd = WORKSPACE
    limits = limits_of(deploy.limits)
    try:
        return Recipe(
            environment=f"e{environment.pk}",
            hostname=deploy.environment,
            port=deploy.port,
            cwd=cwd,
            build=("sh", "-c", deploy.build) if deploy.build else (),
            directory=deploy.directory or "",
            command=("sh", "-c", f"exec {deploy.command}") if deploy.command else (),
            dockerfile=deploy.dockerfile or "",
            compose=deploy.compose or "",
            service=deploy.service or "",
            listens=deploy.listens or 0,
            health_path=deploy.health or "/",
            env=deploy.env,
            limits=limits,
            build_limits=limits,
            sandbox=deploy.limits.sandbox or settings.SANDBOX,
        )
    except ValueError as error:
        raise JobFailed(Reason.INVALID_SPEC, str(error)) from error
