"""GitCode: the port over one project's repository."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import BinaryIO

from django.conf import settings

from apps.projects.code.errors import NotThere, Occupied
from apps.projects.code.port import Branch, Commit, Diff, Entry, Person, Write
from apps.projects.models import Project
from apps.runs.services.active import never_shown
from workers.code import editing, reading
from workers.code.desk import GitDesk
from workers.code.masking import masked
from workers.code.names import branch_of, path_of, resolve
from workers.code.taking import take
from workers.places import repository_of, work_folder
from workers.repo.repository import Repository


class GitCode:
    """See apps.projects.code.port.Code. Differences are shown without `secrets`; files are what they are."""

    def __init__(self, repository: Repository, secrets: Callable[[], Sequence[str]] = tuple) -> None:
        self._repository, self._secrets = repository, secrets

    def resolve(self, ref: str) -> str:
        return resolve(self._repository, ref)

    def branches(self, most: int) -> list[Branch]:
        return reading.branches(self._repository, most)

    def make_branch(self, name: str, ref: str) -> Branch:
        commit = self.resolve(ref)
        if branch_of(name) in self._repository.branches():
            raise Occupied(f"There is a branch {name} already.", self._repository.branches()[name])
        editing.Moving(self._repository, name, "").to(commit)
        said = self.log(commit, "", 0, 1)[0]
        return Branch(name, "hive", commit, said.message.splitlines()[0] if said.message else "", said.at)

    def log(self, commit: str, path: str, skip: int, count: int) -> list[Commit]:
        return reading.log(self._repository, commit, path_of(path, folder=True), skip, count)

    def diff(self, base: str, head: str, path: str) -> Diff:
        return masked(reading.diff(self._repository, base, head, path_of(path, folder=True)), self._secrets())

    def entries(self, commit: str, folder: str, most: int) -> list[Entry]:
        return reading.entries(self._repository, commit, path_of(folder, folder=True), most)

    def file(self, commit: str, path: str) -> reading.Blob:
        return reading.file(self._repository, commit, path_of(path))

    def write(self, branch: str, at: str, write: Write, message: str, person: Person) -> tuple[str, str]:
        old = self._repository.branches().get(branch_of(branch), "")
        parent = old or at
        wanted = Write(path_of(write.path), write.data, write.expected)
        tree, etag = editing.put(self._repository, parent, wanted)
        commit = editing.commit(self._repository, tree, [parent], message, person)
        editing.Moving(self._repository, branch, old).to(commit)
        return commit, etag

    def desk(self, name: str, branch: str) -> GitDesk:
        if branch_of(branch) not in self._repository.branches():
            raise NotThere(f"There is no branch {branch} in Hive's copy of the project.")
        return GitDesk(self._repository, name, branch, self._secrets)

    def take(self, upload: BinaryIO, branch: str, message: str, person: Person) -> tuple[str, list[str]]:
        taken = take(self._repository, upload, branch_of(branch), work_folder(), settings.GIT_LIMIT_BYTES)
        return taken.bring(message, person)


def open_code(project: Project) -> GitCode:
    return GitCode(repository_of(project), lambda: never_shown(project))
