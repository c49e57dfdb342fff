"""Why something did not succeed, as JSON: one of the known reasons, or nothing."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.runs.states import Reason


@extend_schema_field({"type": "string", "enum": ["", *Reason.values], "description": "Empty where nothing failed."})
class ReasonField(serializers.CharField):
    """For programs; the `message` beside it is for people."""
