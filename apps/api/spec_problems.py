"""What is wrong with a spec, as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rest_framework import serializers

from apps.specs.problems import Problem


class ProblemSerializer(serializers.Serializer[dict[str, Any]]):
    """One thing that is wrong, and what would be right. Line and column count from 1; null for an object's."""

    line = serializers.IntegerField(allow_null=True, min_value=1)
    column = serializers.IntegerField(allow_null=True, min_value=1)
    path = serializers.CharField(allow_blank=True)
    code = serializers.CharField()
    message = serializers.CharField()
    hint = serializers.CharField(allow_blank=True)


def counted(what: str, problems: Sequence[Problem]) -> dict[str, Any]:
    """What an answer says of `what`: how much is wrong with it, and all of it."""
    count = len(problems)
    return {"detail": f"The {what} has {count} problem{'s' * (count != 1)}.", "problems": as_dicts(problems)}


def as_dicts(problems: Sequence[Problem]) -> list[dict[str, Any]]:
    return [asdict(problem) for problem in problems]
