"""One problem of a spec, and the collection in which a reader finds them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from apps.specs.reading.nodes import NOWHERE, Mark

MOST_PROBLEMS = 1000


@dataclass(frozen=True)
class Problem:
    """What is wrong at one place, and what would be right there.

    Line and column count from 1; they are None where the spec came as an object. `path` is empty for the whole spec.
    """

    line: int | None
    column: int | None
    path: str
    code: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        place = f"{self.line}:{self.column} " if self.line else ""
        path = f"{self.path}: " if self.path else ""
        return f"{place}{path}{self.message} {self.hint}".rstrip()


@dataclass
class Problems:
    """Problems in the order in which they were found; the same one, reached on two ways, counts once."""

    found: dict[Problem, None] = field(default_factory=dict)
    left_out: int = 0

    def add(self, code: str, message: str, hint: str = "", *, mark: Mark = NOWHERE, path: str = "") -> None:
        problem = Problem(*mark, path, code, message, hint)
        if problem not in self.found and len(self.found) >= MOST_PROBLEMS:
            self.left_out += 1
            return
        self.found[problem] = None

    def __bool__(self) -> bool:
        return bool(self.found)

    def sorted(self) -> list[Problem]:
        """By place; those without one keep the order in which they were found."""
        ordered = sorted(self.found, key=lambda problem: (problem.line or 0, problem.column or 0))
        if self.left_out:
            message = f"{self.left_out} more problems are not listed."
            ordered.append(Problem(None, None, "", "too_many_problems", message, "Correct these first."))
        return ordered


Report = Callable[..., None]  # Problems.add, handed to those who only report


class StopReading(Exception):
    """The rest of the spec cannot be read; why has been reported."""
