"""Bring a finished commit onto a branch."""

from __future__ import annotations

from workers.repo.git import GitError
from workers.repo.merge import merge
from workers.repo.repository import Repository

TRIES = 10


def land(repository: Repository, branch: str, commit: str, name: str) -> str:
    """Move the branch to the commit, or to a merge of both where it went on meanwhile; returns where it is now.

    Twice is the same as once, and two at once agree: the branch only moves from the place that was read. Raises
    MergeConflict, and leaves the branch alone then.
    """
    for _ in range(TRIES):
        old = repository.resolve(f"refs/heads/{branch}")
        new = merge(repository, old, commit, name)
        if new == old or repository.move_branch(branch, old, new):
            return new
    raise GitError(f"The branch {branch} moves faster than {name} can be landed on it.")
