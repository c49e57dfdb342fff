"""A measured number, its goal, and how both are shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True)
class Figure:
    """`at_most` or `at_least` is the goal, where there is one."""

    key: str
    name: str
    value: float
    unit: str
    at_most: float | None = None
    at_least: float | None = None

    @property
    def reached(self) -> bool | None:
        if self.at_most is not None:
            return self.value <= self.at_most
        if self.at_least is not None:
            return self.value >= self.at_least
        return None

    def line(self, width: int) -> str:
        goal = {True: "reached", False: "MISSED", None: ""}[self.reached]
        bound = f"≤ {self.at_most:g}" if self.at_most is not None else f"≥ {self.at_least:g}" if self.at_least else ""
        return f"{self.name:<{width}}  {self.value:>10.1f} {self.unit:<8} {bound:>8} {goal}".rstrip()

    def as_json(self) -> dict[str, Any]:
        return {
            "value": round(self.value, 2),
            "unit": self.unit,
            "goal": self.at_most or self.at_least,
            "reached": self.reached,
        }


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


def middle(values: Sequence[float]) -> float:
    return median(values)
