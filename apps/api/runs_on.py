"""Where the tests of a run are run, and its commands, as POST /runs takes it: the same section as in a spec."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.projects.agent_tags import MAX_TAGS, TAG_PATTERN
from apps.specs.schema.runs_on import ROLES, read_runs_on

TAGS = {"type": "array", "maxItems": MAX_TAGS, "items": {"type": "string", "pattern": f"^{TAG_PATTERN}$"}}
SCHEMA = {"oneOf": [TAGS, {"type": "object", "additionalProperties": False, "properties": dict.fromkeys(ROLES, TAGS)}]}


@extend_schema_field(SCHEMA)
class RunsOnField(serializers.Field[Any, Any, Any, Any]):
    """Checked as a spec's `runs_on` is; a list alone is that of `testing`."""

    def to_internal_value(self, data: Any) -> dict[str, list[str]]:
        try:
            return read_runs_on(data)
        except ValueError as error:
            raise serializers.ValidationError(str(error)) from None

    def to_representation(self, value: Any) -> Any:
        return value
