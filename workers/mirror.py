"""Mirror: what a job does to its workspace in the sandbox, brought into the task's worktree outside it.

The worktree's git is Hive's own: nothing that the job writes (a `.git` folder, attributes, hooks) has a say in it.
"""

from __future__ import annotations

import shutil
import tarfile
import tempfile
import time
from typing import IO, BinaryIO, cast

from workers.repo.worktree import Worktree
from workers.sandbox.port import Sandbox, TarStream
from workers.sandbox.tree import Names, Tree

IN_MEMORY_BYTES = 8 * 1024 * 1024
GITS = (".git", "git~1")  # as git itself reads it, on any file system
OURS = ".hive"  # Hive's own folder in the workspace: outputs of tools


class Mirror:
    """Order of calls: fill once, then sync as often as something may have changed."""

    def __init__(self, sandbox: Sandbox, worktree: Worktree) -> None:
        self._sandbox = sandbox
        self._worktree = worktree
        self._tree = Tree(worktree.path)
        self._mark = 0
        self._names: dict[str, str] = {}

    def fill(self, commit: str) -> None:
        """Put the files of this commit, which are those of the worktree, into the empty sandbox."""
        with self._worktree.repository.archive(commit) as tar:
            self._sandbox.unpack(cast(BinaryIO, tar))
        self._mark = time.time_ns()
        self._names = _listed(_read(self._sandbox.export(["**"], since_ns=self._mark), None))

    def sync(self) -> bool:
        """Bring over what changed since the last time; False if nothing did. Raises SandboxError."""
        began = time.time_ns()
        export = self._sandbox.export(["**"], since_ns=self._mark)
        with tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES) as spool:
            names = _listed(_read(export, spool))
            sent = export.entries - sum(sort != "file" for sort in export.names.values())
            changed = bool(sent) or names != self._names
            if changed:
                self._remove(names)
                spool.seek(0)
                self._take(cast("IO[bytes]", spool))
        self._mark, self._names = began, names
        return changed

    def _remove(self, names: dict[str, str]) -> None:
        """What is gone, or has become something else; the deepest first."""
        for name in sorted(self._names, key=len, reverse=True):
            if names.get(name) != self._names[name]:
                path = self._worktree.path / name
                if path.is_symlink() or not path.is_dir():
                    path.unlink(missing_ok=True)
                else:
                    shutil.rmtree(path, ignore_errors=True)

    def _take(self, tar: IO[bytes]) -> None:
        with tarfile.open(fileobj=tar, mode="r|") as archive:
            for member in archive:
                names = self._tree.names(member.name)
                if is_mirrored(names):
                    self._put(archive, member, names)

    def _put(self, archive: tarfile.TarFile, member: tarfile.TarInfo, names: Names) -> None:
        if member.isdir():
            self._tree.make_folder(names)
        elif member.issym():
            self._tree.link(names, member.linkname)
        elif (source := archive.extractfile(member)) is not None:
            with self._tree.create(names, member.mode | 0o600) as file, open(file, "wb", closefd=False) as writer:
                shutil.copyfileobj(source, writer)


def is_mirrored(names: Names) -> bool:
    """Whether it is the product's: neither Hive's own, nor of a repository that the job has made."""
    return bool(names) and names[0] != OURS and not any(name.casefold() in GITS for name in names)


def _listed(export: TarStream) -> dict[str, str]:
    return {name: sort for name, sort in export.names.items() if is_mirrored(tuple(name.split("/")))}


def _read(export: TarStream, into: IO[bytes] | None) -> TarStream:
    for chunk in export:
        if into is not None:
            into.write(chunk)
    return export
