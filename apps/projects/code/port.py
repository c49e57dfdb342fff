"""What faces may ask of a project's repository, and the values that they get.

A *ref* is a branch of Hive's copy, `origin/` and a branch of the origin's as it was last fetched, or a commit's number
(7 to 40 digits). Commits are given back in full, and stay what they are: whoever goes on with one sees one state.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Protocol


@dataclass(frozen=True)
class Person:
    """Who a commit is by."""

    name: str
    email: str = ""


@dataclass(frozen=True)
class Branch:
    """`where` is `hive` or `origin`."""

    name: str
    where: str
    commit: str
    subject: str
    at: str


@dataclass(frozen=True)
class Commit:
    commit: str
    parents: Sequence[str]
    author: str
    at: str
    message: str


@dataclass(frozen=True)
class Entry:
    """`kind` is file, folder, link (never followed) or repository (a submodule, never fetched)."""

    path: str
    kind: str
    size_bytes: int | None
    etag: str
    executable: bool = False


class File(Protocol):
    """One file at one commit."""

    etag: str
    size_bytes: int

    def read(self, start: int, stop: int) -> Iterator[bytes]: ...


@dataclass(frozen=True)
class Change:
    """`change` is A, M, D or T; lines are unknown for what is not text."""

    path: str
    change: str
    added: int | None = None
    removed: int | None = None


@dataclass(frozen=True)
class Diff:
    """`cut`: there is more than is given at once, of the text or of the list."""

    base: str
    head: str
    changes: Sequence[Change]
    text: str
    cut: bool


@dataclass(frozen=True)
class Write:
    """One file as it is to be; `data` None: gone. `expected`: its etag now, empty for a file that is new."""

    path: str
    data: bytes | None
    expected: str


class Desk(Protocol):
    """A checkout without a folder: a branch, what was changed on it, and what of that will be committed."""

    @property
    def base(self) -> str: ...

    @property
    def commit(self) -> str:
        """Its files as they are now: a ref for reading."""

    def write(self, write: Write) -> str:
        """The file's new etag; empty where it is gone. Raises Occupied, BadName."""

    def add(self, paths: Sequence[str]) -> None:
        """Take these files (or all, where none is named), as they are now, into the next commit. Raises NotThere."""

    def staged(self) -> Diff: ...

    def changed(self) -> Diff:
        """What is not in the next commit yet."""

    def save(self, message: str, person: Person) -> str:
        """Commit what was added, and move the branch. Raises Occupied: nothing was added, or the branch went on."""

    def drop(self) -> None: ...


class Code(Protocol):
    def resolve(self, ref: str) -> str:
        """Raises NotThere, BadName."""

    def branches(self, most: int) -> list[Branch]: ...

    def make_branch(self, name: str, ref: str) -> Branch:
        """Raises Occupied where there is one of this name, NotThere, BadName."""

    def log(self, commit: str, path: str, skip: int, count: int) -> list[Commit]: ...

    def diff(self, base: str, head: str, path: str) -> Diff: ...

    def entries(self, commit: str, folder: str, most: int) -> list[Entry]: ...

    def file(self, commit: str, path: str) -> File: ...

    def write(self, branch: str, at: str, write: Write, message: str, person: Person) -> tuple[str, str]:
        """A commit on the branch, which is made at the commit `at` where it is not there. The commit, the file's etag.

        Raises Occupied where file or branch are not as expected any more.
        """

    def desk(self, name: str, branch: str) -> Desk:
        """The checkout of this name; begun at the branch as it is now, where it was not begun before."""

    def take(self, upload: BinaryIO, branch: str, message: str, person: Person) -> tuple[str, list[str]]:
        """An archive's files as a commit on the branch, or a bundle's branches. The commit, and notes."""
