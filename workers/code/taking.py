"""Take an upload into a project's repository: an archive's files as one commit, or a git bundle's branches.

Nothing of an archive's own `.git` is used: it could say anything. History comes in a bundle.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from apps.projects.code.errors import CodeError, TooMuch
from apps.projects.code.port import Person
from workers.code import editing
from workers.code.zips import as_tar
from workers.repo.errors import RemoteError, TooLarge
from workers.repo.git import GitError, git
from workers.repo.remote import CHECKED
from workers.repo.repository import Repository
from workers.repo.talk import Bounds as TalkBounds
from workers.repo.talk import talk
from workers.repo.weigh import weigh
from workers.sandbox.port import SandboxError, UnsafePath
from workers.sandbox.unpack import Bounds, unpack
from workers.sandbox.unpack import TooMuch as TooMuchInside

PREFIX = "upload-"
STALE_S = 24 * 3600.0
HEAD_BYTES = 512
TIMEOUT_S = 120.0
GITS_OWN = re.compile(r"\.git|git~1", re.IGNORECASE)
KEPT = "hive/kept"


class Taken(Protocol):
    def bring(self, message: str, person: Person) -> tuple[str, list[str]]:
        """The branch's commit, and notes. Raises CodeError."""


def take(repository: Repository, upload: BinaryIO, branch: str, scratch: Path, most_bytes: int) -> Taken:
    """Which of the two it is, by how it begins. Raises CodeError for what is neither."""
    head = upload.read(HEAD_BYTES)
    upload.seek(0)
    if head.startswith(b"# v") and b"git bundle" in head[:32]:
        return _Bundle(repository, upload, branch, scratch, most_bytes)
    if head.startswith((b"PK", b"\x1f\x8b", b"BZh", b"\xfd7zXZ")) or head[257:262] == b"ustar":
        return _Archive(repository, upload, branch, scratch, most_bytes, head.startswith(b"PK"))
    raise CodeError("This is neither a tar (plain, gzip, bzip2, xz), nor a zip, nor a git bundle.")


@dataclass(frozen=True)
class _Archive:
    repository: Repository
    upload: BinaryIO
    branch: str
    scratch: Path
    most_bytes: int
    is_zip: bool

    def bring(self, message: str, person: Person) -> tuple[str, list[str]]:
        bounds = Bounds(size_bytes=self.most_bytes)
        with _folder(self.scratch) as folder:
            root = folder / "files"
            root.mkdir()
            try:
                unpack(as_tar(self.upload, bounds) if self.is_zip else self.upload, root, bounds)
            except TooMuchInside as error:
                raise TooMuch(str(error)) from error
            except (UnsafePath, SandboxError) as error:
                raise CodeError(str(error)) from error
            notes = _without_git(root)
            tree = self._tree(_only_folder(root), folder / "index")
        old = self.repository.branches().get(self.branch, "")
        if old and self.repository.resolve_object(f"{old}^{{tree}}") == tree:
            return old, [*notes, "The files are what the branch has already."]
        commit = editing.commit(self.repository, tree, [old] if old else [], message, person)
        editing.Moving(self.repository, self.branch, old).to(commit)
        return commit, notes

    def _tree(self, root: Path, index: Path) -> str:
        where = (f"--git-dir={self.repository.path}", f"--work-tree={root}")
        given = {"GIT_INDEX_FILE": str(index)}
        try:
            git(*where, "add", "--all", "--force", "--", ".", cwd=root, given=given)
            return git(*where, "write-tree", given=given).decode().strip()
        except GitError as error:
            raise CodeError(f"The files cannot be kept: {error}") from error


@dataclass(frozen=True)
class _Bundle:
    repository: Repository
    upload: BinaryIO
    branch: str
    scratch: Path
    most_bytes: int

    def bring(self, message: str, person: Person) -> tuple[str, list[str]]:
        del message, person  # its commits are by whoever made them
        aside = f"refs/hive/uploads/{os.urandom(8).hex()}/"
        with _folder(self.scratch) as folder:
            bundle = folder / "upload.bundle"
            with bundle.open("wb") as file:
                shutil.copyfileobj(self.upload, file)
            try:
                own = self._fetch(bundle, folder / "inside.git", aside)
                found = self.repository.branches(aside)
                commit = found.get(self.branch) or own or (*found.values(), "")[0]
                if not commit:
                    raise CodeError("The bundle has no branch: make it with `git bundle create FILE --branches`.")
                weigh(self.repository, commit, self.most_bytes)
                notes = self._others({name: one for name, one in found.items() if name != self.branch})
                self._move(commit)
            except TooLarge as error:
                raise TooMuch(str(error)) from error
            except GitError as error:
                raise CodeError(f"The bundle cannot be taken: {error}") from error
            finally:
                for name in self.repository.branches(aside):
                    git(f"--git-dir={self.repository.path}", "update-ref", "-d", aside + name)
        return commit, notes

    def _fetch(self, bundle: Path, inside: Path, aside: str) -> str:
        """Its branches under refs of ours; the commit of its HEAD, where that is one of them.

        git does not check the objects of a bundle as it checks those of a repository: so it becomes one first.
        """
        heads = git("ls-remote", "--symref", bundle).decode(errors="replace").splitlines()
        own = next((line.split("\t")[0] for line in heads if line.endswith("\tHEAD")), "")
        options = [word for one in (*CHECKED, "protocol.file.allow=always") for word in ("-c", one)]
        git("init", "--quiet", "--bare", inside)
        words = ["fetch", "--no-tags", "--no-write-fetch-head", "--no-auto-gc", "--quiet", "--"]
        for into, source, below in (
            (inside, str(bundle), "refs/heads/"),
            (self.repository.path, f"file://{inside}", aside),
        ):
            command = [f"--git-dir={into}", *options, *words, source, f"refs/heads/*:{below}*"]
            said = talk(command, {}, TalkBounds(TIMEOUT_S, self.most_bytes))
            if said.code:
                raise RemoteError(said.words or f"git fetch ended with {said.code}")
        return own if own in self.repository.branches(aside).values() else ""

    def _others(self, found: dict[str, str]) -> list[str]:
        """Branches beside the one that was asked for: made, or brought forward; nothing is overwritten."""
        notes, ours = [], self.repository.branches()
        for name, commit in found.items():
            old = ours.get(name, "")
            if name.startswith("hive/") or (old and not self.repository.is_ancestor(old, commit)):
                notes.append(f"The branch {name} was left out: Hive has another one of this name, or it is Hive's own.")
                continue
            try:
                editing.Moving(self.repository, name, old).to(commit)
            except CodeError as error:
                notes.append(f"The branch {name} was left out: {error}")
        return notes

    def _move(self, commit: str) -> None:
        old = self.repository.branches().get(self.branch, "")
        if old and not self.repository.is_ancestor(old, commit) and self.repository.files(old):
            self.repository.set_branch(f"{KEPT}/{old[:12]}", old)
        if old != commit:
            editing.Moving(self.repository, self.branch, old).to(commit)


@contextmanager
def _folder(scratch: Path) -> Iterator[Path]:
    """A private folder for one upload; those of processes that died are cleared away here."""
    for old in scratch.glob(f"{PREFIX}*"):
        if time.time() - old.stat().st_mtime > STALE_S:
            shutil.rmtree(old, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=PREFIX, dir=scratch) as folder:
        yield Path(folder)


def _without_git(root: Path) -> list[str]:
    """Take away whatever git would read as its own, wherever it is."""
    removed = 0
    for folder, names, files in os.walk(root):
        for name in [name for name in (*names, *files) if GITS_OWN.fullmatch(name)]:
            path = Path(folder) / name
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
                names.remove(name)
            else:
                path.unlink()
            removed += 1
    return [f"{removed} × .git was left out; history comes in a git bundle."] if removed else []


def _only_folder(root: Path) -> Path:
    """Archives often have one folder around everything; that one is not part of the project."""
    inside = list(root.iterdir())
    if len(inside) == 1 and inside[0].is_dir() and not inside[0].is_symlink():
        return inside[0]
    return root
