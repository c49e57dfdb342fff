"""What was spent: of a job, a run, a project."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum

from apps.runs.models import Run
from apps.runs.spending.limits import first_of
from apps.runs.spending.models import ModelCall, Purse

DONE = Q(state=ModelCall.State.SETTLED)


@dataclass(frozen=True)
class Spent:
    """Sums over calls. `unpriced_calls` are those whose price nobody knows: they are in `tokens`, not in `micros`."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    micros: int = 0
    unpriced_calls: int = 0
    under_way: int = 0

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens

    @property
    def dollars(self) -> float:
        return self.micros / 1_000_000


def spent_by(calls: QuerySet[ModelCall]) -> Spent:
    return Spent(**_numbers(calls.aggregate(**_sums())))


def spent_per(calls: QuerySet[ModelCall], field: str) -> dict[Any, Spent]:
    """By the value of a field of the call: `job_id`, `model` …"""
    rows = calls.order_by().values(field).annotate(**_sums())
    return {row.pop(field): Spent(**_numbers(row)) for row in rows}


def spent_by_project(project_id: int, since: datetime | None = None) -> Spent:
    calls = ModelCall.objects.filter(run__project_id=project_id)
    return spent_by(calls.filter(began_at__gte=since) if since else calls)


def purse_if_any(run: Run) -> Purse | None:
    """The purse that the run spends from, where it, or one that it shares with, has called a model at all."""
    return Purse.objects.filter(scope=Purse.Scope.RUN, owner_id=first_of(run).pk, day=None).first()


def _sums() -> dict[str, Any]:
    return {
        "calls": Count("pk", filter=DONE),
        "input_tokens_": Sum("input_tokens", filter=DONE),
        "output_tokens_": Sum("output_tokens", filter=DONE),
        "cached_tokens_": Sum("cached_tokens", filter=DONE),
        "micros_": Sum("micros", filter=DONE),
        "unpriced_calls": Count("pk", filter=DONE & Q(micros=None)),
        "under_way": Count("pk", filter=Q(state=ModelCall.State.RESERVED)),
    }


def _numbers(row: dict[str, Any]) -> dict[str, int]:
    return {name.rstrip("_"): value or 0 for name, value in row.items()}
