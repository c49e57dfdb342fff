"""touched(): what a task's commit changed of tests, CI files and test commands. The one place that decides.

Compared is the commit with what the task was given: all that it builds on, and its inputs, written again by Hive. So
whatever an engine says, or did in between, counts only as far as it is in the commit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from workers.coding.guard.orders import same_orders, says_more
from workers.repo.repository import Repository

LARGEST = 1024 * 1024
SHOWN = 100


@dataclass(frozen=True)
class Watch:
    """`watched`: by its name. `commands`: what tests run. `promised`: outputs; new files there are wanted."""

    watched: Callable[[str], bool]
    commands: frozenset[str]
    promised: tuple[str, ...] = ()

    def sees(self, path: str) -> bool:
        return path in self.commands or self.watched(path)

    def allows(self, change: str, path: str) -> bool:
        return change == "A" and any(path == one or path.startswith(f"{one}/") for one in self.promised)


def touched(
    repository: Repository, base: str, commit: str, watch: Watch, given: Callable[[], str]
) -> list[dict[str, str]]:
    """The changes, as {path, change}. `given` makes the commit of base and inputs; asked only where it matters."""
    if not any(watch.sees(path) for _, path in repository.changes(base, commit)):
        return []
    start = given()
    return [
        {"path": path, "change": change}
        for change, path in repository.changes(start, commit)
        if watch.sees(path)
        and not watch.allows(change, path)
        and not _harmless(repository, start, commit, change, path)
    ]


def _harmless(repository: Repository, start: str, commit: str, change: str, path: str) -> bool:
    """A file of many purposes that says the same about tests as before."""
    if change == "D" or not says_more(path):
        return False
    before = repository.content(start, path, LARGEST) if change != "A" else b"{}" if path.endswith(".json") else b""
    return same_orders(path, before, repository.content(commit, path, LARGEST))


def told(found: Sequence[dict[str, str]]) -> str:
    """One line for the log."""
    words = {"A": "added", "D": "deleted"}
    shown = [f"{one['path']} ({words.get(one['change'], 'changed')})" for one in found[:10]]
    more = f" and {len(found) - 10} more" if len(found) > 10 else ""
    return f"Tests, CI files or test commands were touched: {', '.join(shown)}{more}."
