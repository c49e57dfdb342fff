"""Whose purses a job spends from, and how much is in them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.conf import settings
from django.db.models import Q

from apps.events import clock
from apps.runs.models import Run
from apps.runs.spending.models import Purse

LIMITS = ("max_micros", "max_tokens", "max_calls", "max_steps", "max_seconds")
DEEPEST = 1000  # a chain of repairs longer than this is a bug


def first_of(run: Run) -> Run:
    """The run whose budget this one shares: what it repairs, or was started by. A person's retry has its own."""
    for _ in range(DEEPEST):
        if run.parent is None or run.cause == Run.Cause.RETRY:
            return run
        run = run.parent
    return run


def purse_of(run: Run) -> Purse:
    """The run's own purse; made at its first use. Two at once agree."""
    first = first_of(run)
    limits = {name: settings.RUN_BUDGET.get(name) for name in LIMITS}
    for asked in _wishes(first):
        limits = {name: _smaller(most, asked.get(name)) for name, most in limits.items()}
    return Purse.objects.get_or_create(scope=Purse.Scope.RUN, owner_id=first.pk, day=None, defaults=limits)[0]


def tighten(run: Run) -> None:
    """The run has a spec by now, which may ask for less than what its purse was made with; what was spent stays."""
    purse = purse_of(run)
    for asked in _wishes(first_of(run)):
        for name, limit in asked.items():
            less = Q(**{f"{name}__gt": limit}) | Q(**{name: None})
            Purse.objects.filter(less, pk=purse.pk).update(**{name: limit})


def _wishes(run: Run) -> list[dict[str, int]]:
    """The limits that its spec names, and those that whoever started it named."""
    spec = run.spec_version.data if run.spec_version else {}
    return [_asked(spec.get("budget") or {}), _asked(run.budget)]


def purses_of(run: Run) -> list[Purse]:
    """Every purse that a call of this run is paid from, always in this order, so that no two wait for each other."""
    purses = [purse_of(run), _of_today(Purse.Scope.PROJECT, run.project_id, settings.PROJECT_BUDGET)]
    if run.created_by_id is not None:
        purses.append(_of_today(Purse.Scope.USER, run.created_by_id, settings.USER_BUDGET))
    return purses


def _of_today(scope: Purse.Scope, owner_id: int, limits: Mapping[str, Any], day: date | None = None) -> Purse:
    """Today's purse. Its limits follow the settings, also in the middle of the day."""
    wanted = {name: limits.get(name) for name in LIMITS}
    today = day or clock.now().date()
    purse, _ = Purse.objects.get_or_create(scope=scope, owner_id=owner_id, day=today, defaults=wanted)
    if {name: getattr(purse, name) for name in LIMITS} != wanted:
        Purse.objects.filter(pk=purse.pk).update(**wanted)
    return purse


def _asked(budget: Mapping[str, Any]) -> dict[str, int]:
    """The limits of a spec's `budget`, in the units of a purse."""
    usd, time_s = budget.get("usd"), budget.get("time")
    found = {f"max_{name}": budget.get(name) for name in ("calls", "tokens", "steps")}
    found["max_micros"] = None if usd is None else round(usd * 1_000_000)
    found["max_seconds"] = None if time_s is None else round(time_s)
    return {name: limit for name, limit in found.items() if limit is not None}


def _smaller(most: int | None, asked: int | None) -> int | None:
    """A spec may ask for less than the installation allows, never for more."""
    given = [limit for limit in (most, asked) if limit is not None]
    return min(given, default=None)
