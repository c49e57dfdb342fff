"""The job file in its long form: one Definition per cell of its matrix."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from apps.specs.schema.limits import Limits
from apps.specs.schema.part import Part
from apps.specs.schema.rules import each_once, matches, wrong
from apps.specs.schema.runs_on import Tags
from apps.specs.schema.values import (
    Command,
    Flag,
    Folder,
    Image,
    Line,
    RelativePath,
    Seconds,
    SecretName,
    Variable,
)

MAX_COMMANDS = 200
MAX_GLOBS = 100

Value = Annotated[
    str,
    StringConstraints(strict=True, max_length=32_768),
    matches(r"[^\x00]*", "a value of a variable", "Remove the NUL character."),
]
CACHE_KEY_PATTERN = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9])?"
CacheKey = Annotated[
    str,
    StringConstraints(strict=True),
    matches(CACHE_KEY_PATTERN, "a cache's key", "Use up to 100 letters, digits, `.`, `_` and `-`."),
]


class Step(Part):
    """One command. Each begins in a shell of its own; what it leaves in the workspace is there for the next."""

    run: Command = Field(description="Shell line, run with `sh -c`.")
    name: Line | None = Field(None, description="What the log calls it. Empty: the line itself.")
    dir: Folder = Field("/workspace", description="Where it starts.")
    timeout_s: Seconds | None = Field(None, alias="timeout", description="Its longest time. Empty: the job's.")
    always: Flag = Field(False, description="Whether it runs after a command that failed, too.")


class Cache(Part):
    """Folders that are kept for the next job with the same key, on the same machine."""

    key: CacheKey = Field(description="Jobs with the same key share it, such as pip-3.12.")
    paths: tuple[RelativePath, ...] = Field(min_length=1, max_length=MAX_GLOBS, description="Folders to keep.")


class Definition(Limits):
    """What one job is to do, and what it may use."""

    name: Line = Field("CI", description="One line for people.")
    commands: tuple[Step, ...] = Field(
        min_length=1, max_length=MAX_COMMANDS, description="What is run, in this order, up to the first that fails."
    )
    image: Image | None = Field(None, description="Container image. Empty: the sandbox that the machine has.")
    env: dict[Variable, Value] = Field(default_factory=dict, description="Variables of the commands.")
    secrets: Annotated[tuple[SecretName, ...], AfterValidator(each_once)] = Field(
        (), max_length=100, description="Secrets of the project that the commands get as variables."
    )
    artifacts: tuple[RelativePath, ...] = Field((), max_length=MAX_GLOBS, description="Patterns of files to keep.")
    junit: tuple[RelativePath, ...] = Field((), max_length=MAX_GLOBS, description="Patterns of JUnit reports.")
    runs_on: Tags = Field((), description="Tags that an agent must have. Empty: Hive's own testing workers.")
    cache: tuple[Cache, ...] = Field((), max_length=20, description="What is kept from job to job.")
    timeout_s: Seconds = Field(3600.0, alias="timeout", description="Longest time of the whole job.")
    no_output_s: Seconds = Field(600.0, alias="no_output", description="Longest silence of a command.")
    priority: Literal["high", "normal", "low"] = Field("normal", description="Its place in the queues.")
    fail_fast: Flag = Field(False, description="Whether the first cell that fails stops the others.")
    matrix: dict[str, str] = Field(default_factory=dict, description="Values of this cell, by axis.")

    @model_validator(mode="after")
    def name_an_image_for_containers_only(self) -> Definition:
        if self.image and self.sandbox not in (None, "docker"):
            message = f"`image` is given, but the sandbox is `{self.sandbox}`."
            raise wrong("conflict", message, "Set `sandbox: docker`, or leave `image` out.")
        return self

    @model_validator(mode="after")
    def give_each_variable_once(self) -> Definition:
        if both := sorted(set(self.env) & set(self.secrets)):
            raise wrong("conflict", f"`{both[0]}` is a variable and a secret.", "Keep it in one of the two.")
        return self
