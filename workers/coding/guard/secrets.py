"""written(): files of a commit that hold a secret which they did not hold before."""

from __future__ import annotations

from collections.abc import Iterable

from apps.events.masking import worth_masking
from workers.repo.repository import Repository

SHORTEST = 8  # a secret such as "test" stands in every program
CHANGE = "secret"  # as what it is told


def written(repository: Repository, base: str, commit: str, secrets: Iterable[str]) -> list[dict[str, str]]:
    """As {path, change}. Of a secret with several lines, each long one is looked for."""
    lines = [one for one in worth_masking(secrets) if len(one) >= SHORTEST and not {10, 13, 0} & set(one)]
    found = repository.holding(commit, lines)
    if not found:
        return []
    before = set(repository.holding(base, lines))
    return [{"path": path, "change": CHANGE} for path in found if path not in before]
