"""What a run may spend, as POST /runs takes it: the same section as in a spec."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import extend_schema_field
from pydantic import ValidationError
from rest_framework import serializers

from apps.specs.schema.budget import Budget

DURATION = {
    "oneOf": [{"type": "number", "minimum": 0}, {"type": "string"}],
    "description": "Seconds, or such as 1h30m.",
}
COUNT = {"type": "integer", "minimum": 0}
SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "usd": {"type": "number", "minimum": 0},
        **dict.fromkeys(("calls", "tokens", "steps"), COUNT),
        "time": DURATION,
    },
}


@extend_schema_field(SCHEMA)
class BudgetField(serializers.Field[Any, Any, Any, Any]):
    """Checked as a spec's `budget` is; what is left out stays out."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, Mapping):
            raise serializers.ValidationError("Use an object with usd, calls, tokens, steps, time.")
        try:
            budget = Budget.model_validate(dict(data))
        except ValidationError as error:
            told: dict[str, list[str]] = {}
            for one in error.errors(include_url=False):
                told.setdefault(".".join(map(str, one["loc"])) or "budget", []).append(one["msg"])
            raise serializers.ValidationError(told) from None
        return budget.model_dump(mode="json", by_alias=True, exclude_none=True)

    def to_representation(self, value: Any) -> Any:
        return value
