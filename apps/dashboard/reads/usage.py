"""What a run used of models, for its page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from apps.events import clock
from apps.projects.models import Project
from apps.runs.models import Run
from apps.runs.spending.models import Purse
from apps.runs.spending.queries import Spent, purse_if_any, spent_by, spent_by_project, spent_per
from apps.runs.spending.wording import dollars


@dataclass(frozen=True)
class Bar:
    """One limit of the budget: what is used of it, in words and in hundredths."""

    label: str
    text: str
    percent: int


@dataclass(frozen=True)
class UsageView:
    total: Spent
    cost: str
    models: Sequence[tuple[str, Spent, str]]
    bars: Sequence[Bar]
    shared: bool  # with runs that this one was started by, or has started


def usage_of(run: Run) -> UsageView | None:
    """None where the run has asked no model."""
    total = spent_by(run.model_calls.all())
    purse = purse_if_any(run) if total.calls or total.under_way else None
    if purse is None:
        return None
    per = spent_per(run.model_calls.all(), "model")
    models = [(name, spent, dollars(spent.micros)) for name, spent in sorted(per.items()) if spent.calls]
    shared = purse.used_calls != total.calls
    return UsageView(total, dollars(total.micros), models, list(_bars(purse)), shared)


@dataclass(frozen=True)
class ProjectUsage:
    """What all runs of a project used. `rows` are (since when, sums, cost)."""

    rows: Sequence[tuple[str, Spent, str]]
    bars: Sequence[Bar]  # of today's budget, where there is one


def usage_of_project(project: Project) -> ProjectUsage | None:
    """None where no run of it has asked a model."""
    ever = spent_by_project(project.pk)
    if not (ever.calls or ever.under_way):
        return None
    midnight = clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    spans = (("Today", spent_by_project(project.pk, midnight)), ("Ever", ever))
    today = Purse.objects.filter(scope=Purse.Scope.PROJECT, owner_id=project.pk, day=midnight.date()).first()
    return ProjectUsage(
        [(label, one, dollars(one.micros)) for label, one in spans], list(_bars(today)) if today else []
    )


def _bars(purse: Purse) -> Sequence[Bar]:
    found = []
    for name, label in (("micros", "Money"), ("tokens", "Tokens"), ("calls", "Calls"), ("steps", "Steps")):
        limit, used = getattr(purse, f"max_{name}"), getattr(purse, f"used_{name}")
        if limit is None:
            continue
        words = [dollars(n) if name == "micros" else f"{n:,}" for n in (used, limit)]
        found.append(Bar(label, f"{words[0]} of {words[1]}", min(100 * used // limit, 100) if limit else 100))
    return found
