"""The whole spec in its long form."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from apps.specs.schema.budget import Budget
from apps.specs.schema.delivery import Check, Deploy, Gates, Repair
from apps.specs.schema.guard import Guard
from apps.specs.schema.part import Part
from apps.specs.schema.rules import WORKSPACE
from apps.specs.schema.task import Engine, Task, TemplateInput
from apps.specs.schema.values import Id, Line, Seconds, Slug, Text

# Keys of a task that stand at the top of a spec without `tasks`, and keys that people may write for others.
TASK_KEYS = (
    *("inputs", "commands", "repeatable", "outputs", "requirements"),
    *("tests", "constraints", "runs_on", "secrets"),
)
OF_ALL_TASKS = ("constraints", "runs_on")  # of these, what may stand beside `tasks`, for all that say nothing else
SYNONYMS = {"should_respond": "status", "story": "description"}
MAX_TASKS = 10_000
DAY_S = 86400.0


class Spec(Part):
    """What to build. Tasks stand in topological order; every default is explicit.

    `spec.model_dump(mode="json")` is what SpecVersion.data holds; `Spec.model_validate(data)` reads it again.
    """

    id: Id = Field(description="Its name within the project.")
    title: Line = Field(description="One line for people.")
    description: Text = Field("", description="What it is for, in words. Also: `story`.")
    owner: Line = Field("manager", description="Who answers for it; for people, Hive does nothing with it.")
    priority: Literal["high", "normal", "low"] = Field("normal", description="Its place in the queues.")
    project: Slug | None = Field(None, description="Project it belongs to. Empty: where the run is started.")
    engine: Engine | None = Field(None, description="How code is written. Empty: the installation's choice.")
    timeout_s: Seconds = Field(DAY_S, alias="timeout", description="Longest time of a whole run, gates included.")
    tasks: tuple[Task, ...] = Field(
        min_length=1, max_length=MAX_TASKS, description="The pieces. Without it, the spec itself is its only task."
    )
    acceptance: tuple[Check, ...] = Field((), max_length=1000, description="What the running site must answer.")
    deploy: Deploy | None = Field(None, description="How it is deployed. Empty: only where there is acceptance.")
    gates: Gates = Field((), description="Points at which a person approves or rejects.")
    budget: Budget | None = Field(None, description="What its models may spend. Empty: the installation's limits.")
    guard: Guard = Field(default_factory=Guard, description="What happens when a model changes tests.")
    repair: Repair = Field(default_factory=Repair, description="What happens when something fails.")

    def task(self, task_id: str) -> Task:
        return next(task for task in self.tasks if task.id == task_id)

    @property
    def checks(self) -> tuple[Check, ...]:
        """Every acceptance check: the spec's own, then those of its tasks."""
        return self.acceptance + tuple(check for task in self.tasks for check in task.acceptance)

    @property
    def deploy_source(self) -> tuple[Task, TemplateInput] | None:
        """The task and template whose defaults complete `deploy`: the only one, or the one that `deploy.dir` names."""
        found = [(task, task.template) for task in self.tasks if task.template]
        if self.deploy and self.deploy.dir:
            found = [(task, template) for task, template in found if task.home == self.deploy.dir] or found
        return found[0] if len(found) == 1 else None

    @property
    def deploy_dir(self) -> str | None:
        """Where build and command start; of a task's home, /workspace where the commit does not have it."""
        if self.deploy is None:
            return None
        if self.deploy.dir:
            return self.deploy.dir
        if self.deploy_source:
            return self.deploy_source[0].home
        return self.tasks[0].home if len(self.tasks) == 1 else WORKSPACE
