"""The guard: what happens when a model changes tests, CI files, or what the test commands run."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from apps.specs.schema.part import Part
from apps.specs.schema.values import RelativePath


class Guard(Part):
    """Whoever is judged by tests should not decide alone what they say."""

    policy: Literal["gate", "flag"] = Field(
        "gate", description="`gate`: a person approves before anything lands. `flag`: it is told, and goes on."
    )
    paths: tuple[RelativePath, ...] = Field(
        (), max_length=200, description="More to watch: patterns below /workspace; `**` is any depth."
    )
    allow: tuple[RelativePath, ...] = Field((), max_length=200, description="Of what is watched: what may be changed.")
