"""Merge commits without a worktree."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable

from workers.repo.git import SAFE, TIMEOUT_S, GitError, environment
from workers.repo.repository import Repository


class MergeConflict(Exception):
    """Two commits changed the same lines; `name` is the one that could not be merged, `files` where."""

    def __init__(self, name: str, files: list[str]) -> None:
        super().__init__(f"{name} changes the same lines as what was merged before it: {', '.join(files)}.")
        self.name = name
        self.files = files


def merge_all(repository: Repository, base: str, named_commits: Iterable[tuple[str, str]]) -> str:
    """Merge (name, commit) pairs into `base`, in their order. Raises MergeConflict.

    What is an ancestor already is skipped, and what only adds to the result replaces it, so that a line of commits
    ends at its last one and not at a merge of them.
    """
    result = base
    for name, commit in named_commits:
        result = merge(repository, result, commit, name)
    return result


def merge(repository: Repository, ours: str, theirs: str, name: str) -> str:
    """The commit that holds both. Raises MergeConflict."""
    if repository.is_ancestor(theirs, ours):
        return ours
    if repository.is_ancestor(ours, theirs):
        return theirs
    command = [
        "git",
        *SAFE,
        f"--git-dir={repository.path}",
        "merge-tree",
        "--write-tree",
        "--name-only",
        "-z",
        ours,
        theirs,
    ]
    result = subprocess.run(command, env=environment(), capture_output=True, timeout=TIMEOUT_S, check=False)
    if result.returncode not in (0, 1):
        raise GitError(f"git merge-tree failed: {result.stderr.decode(errors='replace').strip()}")
    tree, *rest = result.stdout.decode(errors="replace").split("\0")
    if result.returncode == 1:
        raise MergeConflict(name, list(dict.fromkeys(rest[: rest.index("")])))
    return repository.write_commit(tree, [ours, theirs], f"Merge {name}")
