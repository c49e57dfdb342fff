"""A checkout without a folder, kept in one ref: files as they are, on what is to be committed, on the branch's commit.

    refs/hive/desks/NAME ─▶ work ─▶ staged ─▶ base

Three commits, as a stash has them; the ref is moved from where it was read, so that of two who write at once one is
told.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from apps.projects.code.errors import NotThere, Occupied
from apps.projects.code.port import Diff, Person, Write
from workers.code import editing, reading
from workers.code.masking import masked
from workers.code.names import path_of
from workers.repo.git import GitError, git
from workers.repo.repository import Repository

BELOW = "refs/hive/desks/"
HIVE = Person("Hive")


@dataclass(frozen=True)
class _State:
    work: str
    staged: str
    base: str


class GitDesk:
    """See apps.projects.code.port.Desk."""

    def __init__(
        self, repository: Repository, name: str, branch: str, secrets: Callable[[], Sequence[str]] = tuple
    ) -> None:
        self._secrets = secrets
        self._repository, self._ref, self._branch = repository, BELOW + name, branch
        if not repository.has(self._ref):
            base = repository.resolve(f"refs/heads/{branch}")
            self._set(self._tree(base), self._tree(base), base, old=editing.NOTHING)

    @property
    def base(self) -> str:
        return self._state.base

    @property
    def commit(self) -> str:
        return self._state.work

    def write(self, write: Write) -> str:
        state = self._state
        tree, etag = editing.put(self._repository, self._tree(state.work), write)
        self._set(tree, self._tree(state.staged), state.base, old=state.work)
        return etag

    def add(self, paths: Sequence[str]) -> None:
        state = self._state
        work, staged = self._tree(state.work), self._tree(state.staged)
        if paths:
            wanted = {path: self._entry(work, staged, path_of(path)) for path in paths}
            work_part = editing.entries(self._repository, staged, {path_of(path): one for path, one in wanted.items()})
        else:
            work_part = work
        self._set(work, work_part, state.base, old=state.work)

    def staged(self) -> Diff:
        state = self._state
        return masked(reading.diff(self._repository, state.base, state.staged), self._secrets())

    def changed(self) -> Diff:
        state = self._state
        return masked(reading.diff(self._repository, state.staged, state.work), self._secrets())

    def save(self, message: str, person: Person) -> str:
        state = self._state
        tree = self._tree(state.staged)
        if tree == self._tree(state.base):
            raise Occupied("Nothing was added that is other than in the branch.")
        commit = self._done_before(tree, state.base)
        if not commit:
            commit = editing.commit(self._repository, tree, [state.base], message, person)
            editing.Moving(self._repository, self._branch, state.base).to(commit)
        self._set(self._tree(state.work), tree, commit, old=state.work)
        return commit

    def _done_before(self, tree: str, base: str) -> str:
        """The branch's commit, where it is this very one: whoever made it died before it was noted here."""
        try:
            tip = self._repository.resolve(f"refs/heads/{self._branch}")
            same = self._tree(tip) == tree and self._repository.resolve(f"{tip}^1") == base
        except GitError:
            return ""
        return tip if same else ""

    def drop(self) -> None:
        git(f"--git-dir={self._repository.path}", "update-ref", "-d", self._ref)

    def _entry(self, work: str, staged: str, path: str) -> tuple[str, str] | None:
        """The file as it is now; None where it was removed. Raises NotThere where there never was one."""
        try:
            found = reading.file(self._repository, work, path)
        except NotThere:
            if not reading.etag_of(self._repository, staged, path):
                raise
            return None
        return (editing.EXECUTABLE if found.executable else editing.PLAIN), found.etag

    @property
    def _state(self) -> _State:
        try:
            work, staged, base = (self._repository.resolve(f"{self._ref}{up}") for up in ("", "^1", "^1^1"))
        except GitError:
            raise NotThere("This checkout was closed.") from None
        return _State(work, staged, base)

    def _set(self, work: str, staged: str, base: str, old: str) -> None:
        inner = editing.commit(self._repository, staged, [base], "Staged", HIVE)
        outer = editing.commit(self._repository, work, [inner], "Work", HIVE)
        try:
            git(f"--git-dir={self._repository.path}", "update-ref", self._ref, outer, old)
        except GitError:
            raise Occupied("Somebody else wrote in this checkout at the same moment. Look again.") from None

    def _tree(self, commit: str) -> str:
        return self._repository.resolve_object(f"{commit}^{{tree}}")
