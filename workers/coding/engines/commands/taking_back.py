"""take_back(): what an agent's commands have left becomes the worktree's files. Nothing that is said is believed.

The archive is that which was announced, it is looked through as a whole before anything is written, and what lies in a
repository of its own, or in Hive's folder, is passed over: the same as with a sandbox of Hive's own (workers.mirror).
"""

from __future__ import annotations

import contextlib
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from workers.agent.verified import Verified
from workers.mirror import is_mirrored
from workers.repo.worktree import Worktree
from workers.sandbox.package import looked_through, nowhere
from workers.sandbox.port import UnsafePath
from workers.sandbox.tree import Names, Tree
from workers.sandbox.unpack import NOTHING_AFTER_A_HEADER, Bounds, unpack


def take_back(tar: BinaryIO, sha256: str, size_bytes: int, worktree: Worktree, given: str, bounds: Bounds) -> None:
    """`given`: the commit that was packed; what it held and the archive does not was deleted.

    Raises SandboxError (BadPackage and UnsafePath are such): then the worktree is to be thrown away.
    """
    checked = cast(BinaryIO, Verified(tar, sha256, size_bytes))
    with looked_through(checked, bounds, worktree.path.parent) as archive:
        _clear(worktree, given)
        unpack(archive, _Taken(worktree.path), bounds)


def _clear(worktree: Worktree, given: str) -> None:
    """Take away every file that the commands were given, and the folders that are empty then."""
    tree = Tree(worktree.path)
    for names in _packed(worktree, given):
        with contextlib.suppress(UnsafePath, IsADirectoryError):
            tree.remove(names)
    for folder, _, _ in os.walk(worktree.path, topdown=False):
        with contextlib.suppress(OSError):  # not empty
            Path(folder).rmdir()


def _packed(worktree: Worktree, given: str) -> list[Names]:
    """The files and links that were in the package."""
    with worktree.repository.archive(given) as tar:
        try:
            with tarfile.open(fileobj=tar, mode="r|") as archive:
                found = [tuple(member.name.split("/")) for member in archive if not member.isdir()]
        except tarfile.ReadError as error:
            if str(error) != NOTHING_AFTER_A_HEADER:
                raise
            found = []
    return [names for names in found if is_mirrored(names)]


class _Taken(Tree):
    """A worktree that takes what is the product's."""

    def make_folder(self, names: Names) -> None:
        if is_mirrored(names):
            super().make_folder(names)

    @contextlib.contextmanager
    def create(self, names: Names, mode: int) -> Iterator[int]:
        if is_mirrored(names):
            with super().create(names, mode) as file:
                yield file
        else:
            with nowhere() as file:
                yield file

    def link(self, names: Names, target: str) -> None:
        if is_mirrored(names):
            super().link(names, target)

    def hard_link(self, names: Names, existing: Names) -> None:
        if is_mirrored(names):
            super().hard_link(names, existing)

    @contextlib.contextmanager
    def find(self, names: Names) -> Iterator[int]:
        if is_mirrored(names):
            with super().find(names) as found:
                yield found
        else:
            yield -1
