"""Exhausted: which purse is empty, of what, and what to do about it."""

from __future__ import annotations

from apps.runs.spending.models import Purse
from apps.runs.spending.wording import dollars

WHOSE = {
    Purse.Scope.RUN: "The run's budget",
    Purse.Scope.PROJECT: "The project's budget of today",
    Purse.Scope.USER: "Today's budget of the person who started the run",
}


class Exhausted(Exception):
    """The budget does not hold what is asked for. `limit` is the one that is reached."""

    def __init__(self, message: str, limit: str) -> None:
        super().__init__(message)
        self.limit = limit


def explain(purse_id: int, tokens: int, micros: int, steps: int = 0) -> Exhausted | None:
    """Why this purse said no; None where it would say yes by now. Locks it: call in a transaction."""
    purse = Purse.objects.select_for_update().get(pk=purse_id)
    asked = {"calls": 0 if steps else 1, "tokens": tokens, "micros": micros, "steps": steps}
    for name, more in asked.items():
        limit = getattr(purse, f"max_{name}")
        used, held = getattr(purse, f"used_{name}"), getattr(purse, f"held_{name}", 0)
        if more and limit is not None and used + held + more > limit:
            return Exhausted(_sentence(purse, name, (limit, used, held, more)), "money" if name == "micros" else name)
    return None


def _sentence(purse: Purse, name: str, numbers: tuple[int, int, int, int]) -> str:
    limit, used, held, more = (dollars(n) if name == "micros" else f"{n:,} {name}" for n in numbers)
    waiting = f", {held} set aside for calls under way" if numbers[2] else ""
    next_one = "the next step" if name == "steps" else f"the next call may need {more}"
    return f"{WHOSE[Purse.Scope(purse.scope)]} is used up: {used} of {limit} used{waiting}; {next_one}."
