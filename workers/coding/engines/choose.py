"""Which engine writes a task, by its name in the spec or the run."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from django.conf import settings

from apps.projects.secrets import SecretError, open_secrets
from apps.runs.services.active import ActiveJob
from apps.runs.spending.limits import purse_of
from apps.specs.schema import Task
from apps.specs.schema.limits import Constraints
from workers.acceptance import SEALED
from workers.asking import JobBudget, gateway_for, model_for
from workers.coding.engines.commands import CommandsEngine
from workers.coding.engines.commands import Means as CommandsMeans
from workers.coding.engines.commands.on_agent import CommandsOnAgent, ran_for
from workers.coding.engines.model.engine import Means, ModelEngine
from workers.coding.engines.opencode import launch
from workers.coding.engines.opencode.engine import Means as OpencodeMeans
from workers.coding.engines.opencode.engine import OpencodeEngine
from workers.coding.engines.opencode.program import NoProgram, find
from workers.coding.engines.port import Engine, EngineFailed
from workers.coding.engines.template import TemplateEngine, standard_catalogue
from workers.coding.engines.tools import tools_of
from workers.confine import kind_for, sandbox_for
from workers.kept import KeptTrajectory
from workers.repo.worktree import Worktree
from workers.steered import Steered
from workers.telling import Telling
from workers.tool_servers import decided_last, tools_for_program

LONGEST_S = 24 * 3600.0  # for one job, where the budget of the run sets no time


def engine_for(name: str, job: ActiveJob, tree: Worktree) -> Engine:
    """Raises EngineFailed for an engine that this installation does not have."""
    try:
        make = ENGINES[name]
    except KeyError:
        raise EngineFailed(f"There is no engine {name!r} here. Known: {', '.join(ENGINES)}.") from None
    return make(job, tree)


def template_engine() -> TemplateEngine:
    home = settings.HOME
    return TemplateEngine(
        standard_catalogue(home.catalogue, settings.TEMPLATE_SOURCES, home.root / "cache" / "templates")
    )


def model_engine(job: ActiveJob, tree: Worktree) -> ModelEngine:
    """With the model of the role, held to the run's budget; its steps are kept under the task's name."""
    limits = Task.model_validate(job.task.spec).constraints
    steered, trajectory, snapshots = Steered(job), KeptTrajectory(job), snapshots_of(job)
    return ModelEngine(
        Means(
            model=model_for(job),
            budget=JobBudget(job),
            trajectory=trajectory,
            open_sandbox=lambda: sandbox_for(job, limits),
            worktree=tree,
            snapshots=snapshots,
            inputs=template_engine(),
            on_delta=Telling(job),
            said=steered.said,
            between=steered.between,
            more=tools_of(job, tree, snapshots, trajectory, limits),
            locked=locked_for(job),
        )
    )


def opencode_engine(job: ActiveJob, tree: Worktree) -> OpencodeEngine:
    """With the models of the role behind a gateway of this job's. Raises EngineFailed where it cannot be run here."""
    limits = Task.model_validate(job.task.spec).constraints
    programs, trajectory = _opencode(limits), KeptTrajectory(job)
    return OpencodeEngine(
        OpencodeMeans(
            trajectory=trajectory,
            open_sandbox=lambda: sandbox_for(job, limits, programs=programs, reserved_bytes=launch.RESERVED_BYTES),
            open_gateway=lambda listener, fail, tools: gateway_for(
                job, listener=listener, on_failure=fail, tools=tools
            ),
            open_tools=lambda sandbox, end: tools_for_program(job, sandbox, trajectory, end),
            decided=lambda: decided_last(job),
            worktree=tree,
            snapshots=snapshots_of(job),
            inputs=template_engine(),
            seconds=purse_of(job.run).max_seconds or LONGEST_S,
        )
    )


def commands_engine(job: ActiveJob, tree: Worktree) -> CommandsEngine | CommandsOnAgent:
    """With the secrets that the task names. Raises EngineFailed where there is nothing to run, or a secret is gone."""
    if ran := ran_for(job):
        return CommandsOnAgent(ran, tree, template_engine())
    task = Task.model_validate(job.task.spec)
    if not task.commands:
        raise EngineFailed(f"The task {task.id} lists no `commands` for the engine `commands`.", "invalid_spec")
    try:
        secrets = open_secrets(job.run.project, task.secrets)
    except SecretError as error:
        raise EngineFailed(str(error), "invalid_spec") from error
    return CommandsEngine(
        CommandsMeans(
            open_sandbox=lambda: sandbox_for(job, task.constraints),
            worktree=tree,
            snapshots=snapshots_of(job),
            inputs=template_engine(),
            on_output=job.log.write,
            secrets=secrets,
        )
    )


def _opencode(limits: Constraints) -> dict[str, Path]:
    """The programs that its sandbox is given."""
    try:
        found = {launch.PROGRAM: find(settings.OPENCODE, elsewhere=kind_for(limits) == "docker")}
    except NoProgram as error:
        raise EngineFailed(str(error)) from error
    search = shutil.which(launch.SEARCH)
    return {**found, launch.SEARCH: Path(search)} if search else found


def snapshots_of(job: ActiveJob) -> str:
    """The name under refs/hive that keeps the task's files while it is written."""
    return f"steps/task-{job.task.pk}"


def locked_for(job: ActiveJob) -> Callable[[str], str]:
    """Why a path of the workspace may not be changed, or nothing: tests that the tester wrote are not the coder's."""
    if not job.run.tasks.filter(has_requirements=True).exists():
        return lambda _: ""
    said = "the acceptance tests belong to the tester. Make the code do what they ask."
    return lambda path: said if path == SEALED or path.startswith(f"{SEALED}/") else ""


ENGINES: dict[str, Callable[[ActiveJob, Worktree], Engine]] = {
    "template": lambda _job, _tree: template_engine(),
    "model": model_engine,
    "opencode": opencode_engine,
    "commands": commands_engine,
}
