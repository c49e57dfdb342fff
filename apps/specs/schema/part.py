"""What all parts of a spec have in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """A frozen section of a spec that accepts no key it does not know.

    Attributes carry their unit (`timeout_s`); people write, and the database stores, the alias (`timeout`).
    """

    model_config = ConfigDict(extra="forbid", frozen=True, serialize_by_alias=True, allow_inf_nan=False)
