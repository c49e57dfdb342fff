"""Which jobs of a task go to agents: remote machines that take jobs by their tags."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints, ValidationError

from apps.projects.agent_tags import MAX_TAGS, TAG_PATTERN
from apps.specs.schema.part import Part
from apps.specs.schema.rules import each_once, matches, wrong

Tag = Annotated[
    str,
    StringConstraints(strict=True),
    matches(TAG_PATTERN, "a tag", "Use up to 40 lower-case letters, digits, `.`, `_` and `-`."),
]
Tags = Annotated[tuple[Tag, ...], Field(max_length=MAX_TAGS), AfterValidator(each_once)]


def _not_for_agents(value: Any) -> Any:
    if not value:
        return value
    raise wrong(
        "not_possible",
        "code is not written on agents: a model's key never leaves the server, and templates lie there.",
        "Leave `coding` out. `testing` sends the tests to agents.",
    )


class RunsOn(Part):
    """Tags by role. A list alone is that of `testing`. Empty: Hive's own workers, whatever others say."""

    testing: Tags = Field((), description="Tags that an agent must have to run the task's tests.")
    coding: Annotated[Tags, AfterValidator(_not_for_agents)] = Field(
        (), description="Always empty: code is written on Hive's own machines."
    )


def read_runs_on(value: Any) -> dict[str, list[str]]:
    """The section in its long form, from whatever somebody sent. Raises ValueError with a sentence."""
    try:
        read = RunsOn.model_validate({"testing": value} if isinstance(value, list) else value)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise ValueError(f"{where}: {first['msg']} {first.get('ctx', {}).get('hint', '')}".strip(": ")) from None
    return {"testing": list(read.testing)}
