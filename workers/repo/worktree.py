"""A worktree: the folder in which an engine writes, and the commit that comes of it."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from workers.repo.git import GitError, git
from workers.repo.repository import Repository

BYPRODUCTS = Path(__file__).with_name("byproducts.gitignore")


@dataclass(frozen=True)
class Worktree:
    """A checked-out commit that is being changed."""

    repository: Repository
    path: Path
    base: str

    def commit(self, message: str) -> str:
        """Commit everything that changed and is not ignored. The base itself where nothing did."""
        return self._write(message, self.base)

    def snapshot(self, name: str) -> str:
        """Everything as it is now, as a commit on the base that refs/hive/`name` keeps; or the base itself."""
        commit = self._write("Snapshot", self.base)
        self._git("update-ref", f"refs/hive/{name}", commit)
        return commit

    def restore(self, commit: str) -> None:
        """Make the files what they are in this commit, ignored ones aside. The base stays what it was."""
        self._git("read-tree", "-u", "--reset", commit)

    def changed(self) -> str:
        """What is other than in the base, as `git status --short` tells it."""
        self._git("add", "--all", "--", ".")
        return self._git("diff", "--cached", "--name-status", "--no-renames", self.base)

    def diff(self, path: str = "") -> str:
        """Everything that is other than in the base, or what is of it below one path, as a unified diff."""
        self._git("add", "--all", "--", ".")
        plain = ("--no-color", "--no-ext-diff", "--no-textconv")
        return self._git("diff", "--cached", *plain, self.base, "--", f":(literal){path}" if path else ".")

    def log(self, count: int) -> str:
        return self._git("log", f"--max-count={count}", "--date=short", "--format=%h %ad %an: %s", self.base)

    def _write(self, message: str, parent: str) -> str:
        self._git("add", "--all", "--", ".")
        tree = self._git("write-tree")
        if tree == self._git("rev-parse", f"{parent}^{{tree}}"):
            return parent
        return self.repository.write_commit(tree, [parent], message)

    def _git(self, *args: str) -> str:
        """The worktree's `.git` file is not read: whoever wrote in the worktree could have changed it."""
        where = (f"--git-dir={self._git_dir}", f"--work-tree={self.path}")
        return git("-c", f"core.excludesFile={BYPRODUCTS}", *where, *args, cwd=self.path).decode().strip()

    @property
    def _git_dir(self) -> Path:
        return self.repository.path / "worktrees" / self.path.name


@contextlib.contextmanager
def checkout(repository: Repository, commit: str, path: Path) -> Iterator[Worktree]:
    """A worktree of the commit at `path`, which must not exist; its last name must be unique in the repository.

    Leaving removes it. What a killed process left behind is removed by the next one that comes with the same name,
    and by prune().
    """
    remove(repository, path)
    path.parent.mkdir(parents=True, exist_ok=True)
    git(f"--git-dir={repository.path}", "worktree", "add", "--quiet", "--detach", "--force", path, commit)
    try:
        yield Worktree(repository, path, commit)
    finally:
        remove(repository, path)


def remove(repository: Repository, path: Path) -> None:
    shutil.rmtree(path, ignore_errors=True)
    shutil.rmtree(repository.path / "worktrees" / path.name, ignore_errors=True)


def prune(repository: Repository) -> None:
    """Forget worktrees whose folder is gone."""
    with contextlib.suppress(GitError):
        git(f"--git-dir={repository.path}", "worktree", "prune")
