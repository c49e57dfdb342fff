"""Which jobs of a task go to agents: remote machines that take jobs by their tags."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints, ValidationError

from apps.projects.agent_tags import MAX_TAGS, TAG_PATTERN
from apps.specs.schema.part import Part
from apps.specs.schema.rules import each_once, matches

Tag = Annotated[
    str,
    StringConstraints(strict=True),
    matches(TAG_PATTERN, "a tag", "Use up to 40 lower-case letters, digits, `.`, `_` and `-`."),
]
ROLES = ("testing", "coding")
Tags = Annotated[tuple[Tag, ...], Field(max_length=MAX_TAGS), AfterValidator(each_once)]


class RunsOn(Part):
    """Tags by role. A list alone is that of `testing`. Empty: Hive's own workers, whatever others say."""

    testing: Tags = Field((), description="Tags that an agent must have to run the task's tests.")
    coding: Tags = Field((), description="Tags that an agent must have to write its code; for the engine `commands`.")


def read_runs_on(value: Any) -> dict[str, list[str]]:
    """The section in its long form, from whatever somebody sent: the roles that it speaks of. Raises ValueError."""
    try:
        read = RunsOn.model_validate({"testing": value} if isinstance(value, list) else value)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise ValueError(f"{where}: {first['msg']} {first.get('ctx', {}).get('hint', '')}".strip(": ")) from None
    said = [role for role in ROLES if role in read.model_fields_set] or ROLES
    return {role: list(getattr(read, role)) for role in said}


def not_by(engine: str) -> str:
    """Why an agent cannot write the code of a task with this engine."""
    return (
        f"the engine `{engine}` writes no code on agents; the engine `commands` does. A model's key never leaves the "
        "server, and templates lie there."
    )
