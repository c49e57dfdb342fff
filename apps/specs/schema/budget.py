"""What a run of the spec may spend on models."""

from __future__ import annotations

from pydantic import Field

from apps.specs.schema.part import Part
from apps.specs.schema.values import Number, Seconds, Whole

MOST = 10**12


class Budget(Part):
    """Less than the installation allows; more is no more. What is left out is as the installation has it."""

    usd: Number | None = Field(None, ge=0, le=1e9, description="US dollars.")
    calls: Whole | None = Field(None, ge=0, le=MOST, description="Calls of models.")
    tokens: Whole | None = Field(None, ge=0, le=MOST, description="Tokens, read and written.")
    steps: Whole | None = Field(None, ge=0, le=MOST, description="Steps of the model loops.")
    time_s: Seconds | None = Field(None, alias="time", description="Working time, waits at gates not counted.")
