"""A task: one piece of the product, with what it starts from, what it promises, and how that is tested."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, JsonValue, model_validator

from apps.specs.schema.delivery import Check
from apps.specs.schema.limits import TIMEOUT_S, Constraints
from apps.specs.schema.part import Part
from apps.specs.schema.rules import home_of, wrong
from apps.specs.schema.runs_on import RunsOn, not_by
from apps.specs.schema.values import (
    Command,
    Content,
    Flag,
    Folder,
    Id,
    Line,
    Needle,
    Path,
    RelativePath,
    Seconds,
    SecretName,
    Sentence,
    TemplateName,
    Text,
    Whole,
)

JUNIT = "test-results/*.xml"
Engine = Literal["template", "model", "opencode", "commands"]
COMMANDS: Engine = "commands"  # the one engine whose work an agent may do


class TemplateInput(Part):
    """A template of the catalogue, written into the task's home."""

    type: Literal["template"]
    name: TemplateName = Field(description="Name in the catalogue, such as simple-static.")
    values: dict[str, JsonValue] = Field(default_factory=dict, description="Answers to the template's questions.")


class FileInput(Part):
    """One file, given in the spec itself."""

    type: Literal["file"]
    path: Path = Field(description="Below /workspace, or relative to the task's home.")
    content: Content = Field(description="The file's text.")
    executable: Flag = Field(False, description="Whether it can be run as a command.")


# One member per type; a new kind of input (git, text …) is a new class here and a branch in the engines that know it.
Input = Annotated[TemplateInput | FileInput, Field(discriminator="type")]


class CodeCommand(Part):
    """A command that makes a part of the change: a generator, a codemod, a formatter, somebody's own program."""

    run: Command = Field(description="Shell line, run with `sh -c`. A section may be this line alone.")
    dir: Folder | None = Field(None, description="Where it starts. Empty: the task's home, else /workspace.")
    timeout_s: Seconds = Field(TIMEOUT_S, alias="timeout", description="Longest time. Empty: the task's timeout.")


class Output(Part):
    """A file or folder that must exist in the task's commit."""

    path: Path = Field(description="Below /workspace, or relative to the task's home.")


class Expectation(Part):
    """What makes a test command's end a pass, beside its exit code."""

    exit_code: Whole = Field(0, ge=0, le=255, description="The exit code that means success.")
    output: Needle | None = Field(None, description="Text that the output must contain.")
    tests: Whole = Field(0, ge=0, le=1_000_000, description="Fewest test cases that the JUnit report must hold.")


class Test(Part):
    """A command that shows that the task does what it should."""

    __test__ = False  # pytest: this is not a test class

    run: Command = Field(description="Shell line, run with `sh -c`.")
    dir: Folder | None = Field(None, description="Where it starts. Empty: the task's home, else /workspace.")
    junit: RelativePath = Field(JUNIT, description="JUnit reports that it may write: a pattern, from where it starts.")
    timeout_s: Seconds = Field(TIMEOUT_S, alias="timeout", description="Longest time. Empty: the task's timeout.")
    expect: Expectation = Field(default_factory=Expectation, description="What counts as a pass.")


def ids_once(requirements: tuple[Requirement, ...]) -> tuple[Requirement, ...]:
    ids = [one.id for one in requirements]
    for id in ids:
        if ids.count(id) > 1:
            raise wrong("duplicate", f"the id `{id}` is used twice.", "Choose another; without an id it is r1, r2 …")
    return requirements


class Requirement(Part):
    """One thing that the task must do, in words; a test for it is written before the code."""

    id: Id = Field(description="Its name in reports. Empty: r1, r2 … in their order.")
    text: Sentence = Field(description="What must be true, so that somebody could try it out.")


class Task(Part):
    """One node of the plan."""

    id: Id = Field(description="Its name in the plan, once per spec.")
    title: Line = Field(description="One line for people. Empty: the id.")
    description: Text = Field("", description="What to build, in words; engines with a model read it. Also: `story`.")
    engine: Engine | None = Field(None, description="How its code is written. Empty: the spec's engine.")
    depends_on: tuple[Id, ...] = Field((), max_length=1000, description="Tasks whose work this one builds on.")
    inputs: tuple[Input, ...] = Field((), max_length=1000, description="What it starts from, applied in this order.")
    commands: tuple[CodeCommand, ...] = Field(
        (), max_length=500, description="What writes its code, one after the other, until one fails."
    )
    repeatable: Flag = Field(
        True, description="`false`: its commands never run again by themselves, whatever became of them."
    )
    outputs: tuple[Output, ...] = Field((), max_length=1000, description="What its commit must contain.")
    requirements: Annotated[tuple[Requirement, ...], AfterValidator(ids_once)] = Field(
        (), max_length=50, description="What it must do, in words: the tester, a model, writes tests from them first."
    )
    tests: tuple[Test, ...] = Field(
        min_length=1, max_length=1000, description="How it is shown to work; at least one, since done means evidence."
    )
    constraints: Constraints = Field(default_factory=Constraints, description="What its jobs may use.")
    runs_on: RunsOn | None = Field(
        None, description="Tags of agents that write or test it. Empty: where the run or its project says."
    )
    secrets: tuple[SecretName, ...] = Field(
        (), max_length=100, description="Secrets of the project that its commands and tests get as variables."
    )
    acceptance: tuple[Check, ...] = Field((), max_length=1000, description="Checks of the running site for this task.")

    @model_validator(mode="after")
    def name_commands_where_they_are_run(self) -> Task:
        """A task with commands and no engine has been given the engine `commands` (see reading.long_form)."""
        if self.engine == COMMANDS and not self.commands:
            hint = "Add `commands:` with a list of shell lines, or choose another engine."
            raise wrong(
                "missing_commands", f"the engine `{COMMANDS}` has nothing to run: no `commands` are listed.", hint
            )
        if self.commands and self.engine != COMMANDS:
            message = f"`commands` are listed, but the engine is `{self.engine}`, which runs none."
            raise wrong("conflict", message, f"Set `engine: {COMMANDS}`, or leave `commands` out.")
        return self

    @model_validator(mode="after")
    def send_code_that_can_travel(self) -> Task:
        if self.runs_on and self.runs_on.coding and self.engine != COMMANDS:
            hint = "List `commands`, or leave `coding` out; `testing` sends the tests of any engine to agents."
            raise wrong("not_possible", not_by(self.engine or "template"), hint)
        return self

    @property
    def home(self) -> str:
        return home_of(self.id)

    @property
    def template(self) -> TemplateInput | None:
        """The first template among its inputs."""
        return next((one for one in self.inputs if isinstance(one, TemplateInput)), None)
