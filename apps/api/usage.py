"""What a run, each of its jobs, and a project used of models, and what their budgets still hold."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.api.base import READ_RUNS, ApiView
from apps.runs.spending.models import Purse
from apps.runs.spending.queries import Spent, purse_if_any, spent_by, spent_by_project, spent_per

KINDS = ("calls", "tokens", "steps")


class SpentSerializer(serializers.Serializer[Spent]):
    """Sums over calls of models. Calls whose price nobody knows are in `unpriced_calls`, and not in `usd`."""

    calls = serializers.IntegerField()
    input_tokens = serializers.IntegerField()
    output_tokens = serializers.IntegerField()
    cached_tokens = serializers.IntegerField(help_text="Of the input: read from the provider's cache.")
    usd = serializers.FloatField(source="dollars", help_text="US dollars.")
    unpriced_calls = serializers.IntegerField()
    under_way = serializers.IntegerField(help_text="Calls that have not ended yet.")


class AmountSerializer(serializers.Serializer[dict[str, Any]]):
    limit = serializers.FloatField(allow_null=True, help_text="Null: any amount.")
    used = serializers.FloatField()
    held = serializers.FloatField(help_text="Set aside for calls under way.")


class BudgetSerializer(serializers.Serializer[dict[str, Any]]):
    """A run's budget, which it shares with its repairs. Null where no model was asked yet."""

    usd = AmountSerializer()
    calls = AmountSerializer()
    tokens = AmountSerializer()
    steps = AmountSerializer()
    seconds = serializers.FloatField(allow_null=True, help_text="How long the run may work, gates not counted.")


class JobSpentSerializer(SpentSerializer):
    job = serializers.IntegerField()


class ModelSpentSerializer(SpentSerializer):
    model = serializers.CharField()


class RunUsageSerializer(serializers.Serializer[dict[str, Any]]):
    total = SpentSerializer()
    jobs = JobSpentSerializer(many=True)
    models = ModelSpentSerializer(many=True)
    budget = BudgetSerializer(allow_null=True)


class ProjectUsageSerializer(serializers.Serializer[dict[str, Any]]):
    total = SpentSerializer()
    today = SpentSerializer(help_text="Of this day, in UTC.")


class RunUsage(ApiView):
    """What the run used of models: in all, by job, by model; and its budget."""

    scopes = READ_RUNS

    @extend_schema(responses=RunUsageSerializer)
    def get(self, request: Request, pk: int) -> Response:
        run = get_object_or_404(self.caller.runs().select_related("parent"), pk=pk)
        calls = run.model_calls.all()
        return Response(
            {
                "total": _shown(spent_by(calls)),
                "jobs": [{"job": job, **_shown(one)} for job, one in sorted(spent_per(calls, "job_id").items())],
                "models": [{"model": name, **_shown(one)} for name, one in sorted(spent_per(calls, "model").items())],
                "budget": _budget(purse_if_any(run)),
            }
        )


class ProjectUsage(ApiView):
    """What all runs of the project used of models: ever, and today."""

    scopes = READ_RUNS

    @extend_schema(responses=ProjectUsageSerializer)
    def get(self, request: Request, pk: int) -> Response:
        project = get_object_or_404(self.caller.projects(), pk=pk)
        midnight = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
        today = spent_by_project(project.pk, midnight)
        return Response({"total": _shown(spent_by_project(project.pk)), "today": _shown(today)})


def _shown(spent: Spent) -> dict[str, Any]:
    return dict(SpentSerializer(spent).data)


def _budget(purse: Purse | None) -> dict[str, Any] | None:
    if purse is None:
        return None
    counted = {
        name: {
            "limit": getattr(purse, f"max_{name}"),
            "used": getattr(purse, f"used_{name}"),
            "held": getattr(purse, f"held_{name}", 0),
        }
        for name in KINDS
    }
    million = 1_000_000
    money = {
        "limit": None if purse.max_micros is None else purse.max_micros / million,
        "used": purse.used_micros / million,
        "held": purse.held_micros / million,
    }
    return {"usd": money, **counted, "seconds": purse.max_seconds}
