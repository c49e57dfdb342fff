"""New trees and commits out of old ones, without a folder: an index of its own for each change."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from apps.projects.code.errors import BadName, Changed, CodeError, NotThere, Occupied
from apps.projects.code.port import Person, Write
from workers.code.reading import Blob, etag_of, file
from workers.code.reading import entries as entries_of
from workers.repo.git import GitError, git
from workers.repo.repository import Repository

NOTHING = "0" * 40
PLAIN, EXECUTABLE = "100644", "100755"


def put(repository: Repository, tree: str, write: Write) -> tuple[str, str]:
    """The tree with this file written or gone; that tree and the file's etag. Raises Occupied, BadName."""
    _require_folders(repository, tree, write.path)
    now = etag_of(repository, tree, write.path)
    if now != write.expected:
        there = f"it is {now[:12]} now" if now else "it is not there"
        raise Changed(f"{write.path} is not as you saw it: {there}.", now)
    if write.data is None:
        return entries(repository, tree, {write.path: None}), ""
    mode = EXECUTABLE if now and _is_executable(repository, tree, write.path) else PLAIN
    etag = keep(repository, write.data)
    return entries(repository, tree, {write.path: (mode, etag)}), etag


def _require_folders(repository: Repository, tree: str, path: str) -> None:
    """What the path goes through are folders, or nothing yet: never a link, and no file is replaced by a folder."""
    above = path.split("/")[:-1]
    for count in range(1, len(above) + 1):
        try:
            entries_of(repository, tree, "/".join(above[:count]), 0)
        except NotThere:
            return


def _is_executable(repository: Repository, tree: str, path: str) -> bool:
    found: Blob = file(repository, tree, path)
    return found.executable


def keep(repository: Repository, data: bytes) -> str:
    return (
        git(f"--git-dir={repository.path}", "hash-object", "-w", "--stdin", "--no-filters", stdin=data).decode().strip()
    )


def entries(repository: Repository, tree: str, changes: Mapping[str, tuple[str, str] | None]) -> str:
    """The tree in which these paths are (mode, object), or nothing. Raises BadName where a folder is in the way."""
    lines = [
        f"{mode} {etag}\t{path}\0" if entry else f"0 {NOTHING}\t{path}\0"
        for path, entry in changes.items()
        for mode, etag in [entry or ("", "")]
    ]
    with tempfile.TemporaryDirectory(prefix="hive-index-") as folder:
        given = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
        where = f"--git-dir={repository.path}"
        try:
            git(where, "read-tree", tree, given=given)
            git(where, "update-index", "--add", "-z", "--index-info", stdin="".join(lines).encode(), given=given)
            return git(where, "write-tree", given=given).decode().strip()
        except GitError as error:
            shown = ", ".join(list(changes)[:3])
            raise BadName(
                f"{shown} cannot be written: a file stands where a folder is to be, or the other way."
            ) from error


def commit(repository: Repository, tree: str, parents: Sequence[str], message: str, person: Person) -> str:
    author = {
        "GIT_AUTHOR_NAME": _plain(person.name) or "Hive",
        "GIT_AUTHOR_EMAIL": _plain(person.email) or "hive@localhost",
    }
    flags = [word for parent in parents for word in ("-p", parent)]
    words = ["commit-tree", tree, *flags, "-F", "-"]
    return git(f"--git-dir={repository.path}", *words, stdin=message.encode(), given=author).decode().strip()


def _plain(text: str) -> str:
    return re.sub(r"[<>\x00-\x1f]", "", text).strip()


@dataclass(frozen=True)
class Moving:
    """One branch on its way from one commit to the next."""

    repository: Repository
    branch: str
    old: str  # empty: it is to be made

    def to(self, new: str) -> None:
        """Raises Occupied where somebody else has moved it."""
        try:
            git(
                f"--git-dir={self.repository.path}", "update-ref", f"refs/heads/{self.branch}", new, self.old or NOTHING
            )
        except GitError as error:
            if "cannot lock ref" in str(error) or "reference already exists" in str(error):
                message = f"The branch {self.branch} is not as you saw it, or its name is in the way of another's."
                raise Occupied(message) from None
            raise CodeError(str(error)) from None
