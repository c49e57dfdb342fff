"""The spec format: one set of pydantic models, from which validation, the JSON Schema and the reference all come.

Knows neither Django nor YAML. What stands here is the *long form* that planners read; the short forms that people may
write (a spec without `tasks`, `should_respond`, a path within the task's home …) are rewritten before (see
apps.specs.reading.long_form), so that nothing later needs to know them.
"""

from apps.specs.schema.delivery import Check, Deploy, DeployDefaults, Gate, Repair
from apps.specs.schema.guard import Guard
from apps.specs.schema.limits import Constraints, Limits
from apps.specs.schema.rules import WORKSPACE, home_of
from apps.specs.schema.runs_on import RunsOn
from apps.specs.schema.spec import Spec
from apps.specs.schema.task import (
    CodeCommand,
    Expectation,
    FileInput,
    Input,
    Output,
    Requirement,
    Task,
    TemplateInput,
    Test,
)

__all__ = [
    "WORKSPACE",
    "Check",
    "CodeCommand",
    "Constraints",
    "Deploy",
    "DeployDefaults",
    "Expectation",
    "FileInput",
    "Gate",
    "Guard",
    "Input",
    "Limits",
    "Output",
    "Repair",
    "Requirement",
    "RunsOn",
    "Spec",
    "Task",
    "TemplateInput",
    "Test",
    "home_of",
]
