"""Acceptance tests: what the tester wrote for a task, where it lies, and how it is put back whatever anybody did to it.

The coder's worktree begins on the tester's commit, and the tester's bytes are put back into every tree that comes
after it: before the coder's work is committed, and before tests run.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from apps.runs.models import Run, Task
from apps.specs.schema import WORKSPACE
from workers.repo.repository import Repository

FOLDER = "acceptance_tests"
SEALED = f"{WORKSPACE}/{FOLDER}"


@dataclass(frozen=True)
class Proof:
    """One test: which requirement it proves, its file, and the shell line that runs it from /workspace."""

    requirement: str
    file: str
    run: str


@dataclass(frozen=True)
class Acceptance:
    """The tests of one task, as the tester's commit has them. `base`: where they were seen to fail."""

    task: str
    commit: str
    base: str
    proofs: tuple[Proof, ...]

    @property
    def folder(self) -> str:
        return folder_of(self.task)


def folder_of(task: str) -> str:
    return f"{FOLDER}/{task}"


def acceptance_of(task: Task) -> Acceptance | None:
    """None where the task has none (yet)."""
    told: dict[str, Any] = task.evidence.get("acceptance") or {}
    if not told:
        return None
    proofs = tuple(Proof(one["requirement"], one["file"], one["run"]) for one in told["tests"])
    return Acceptance(task.key, told["commit"], told["base"], proofs)


def all_of(run: Run) -> list[Acceptance]:
    """Of every task of the run that has them by now."""
    found = (acceptance_of(task) for task in run.tasks.filter(has_requirements=True).order_by("position"))
    return [one for one in found if one is not None]


def put_back(repository: Repository, commit: str, tests: Iterable[Acceptance]) -> str:
    """The commit's tree with the tester's bytes in place: what was changed, added or taken away there is undone."""
    tree = repository.tree_at(commit, "")
    for one in tests:
        tree = repository.with_folder(tree, one.folder, repository.tree_at(one.commit, one.folder))
    return tree


def seal(repository: Repository, start: str, commit: str, message: str) -> tuple[str, list[str]]:
    """The coder's commit on `start` with the folder of tests as it was there; and what had been changed in it."""
    changed = [path for _, path in repository.changes(start, commit) if path.split("/")[0] == FOLDER]
    if not changed:
        return commit, []
    tree = repository.with_folder(repository.tree_at(commit, ""), FOLDER, repository.tree_at(start, FOLDER))
    if tree == repository.tree_at(start, ""):
        return start, changed
    return repository.write_commit(tree, [start], message), changed
