"""Walking a path inside a folder that may change at any moment, without ever leaving it.

Every step goes from an open folder to a name in it and follows no link (O_NOFOLLOW); links are read and walked by
hand, from the inside. So it does not matter when a job swaps a folder for a link: no path is resolved by the kernel
a second time.
"""

from __future__ import annotations

import os
import stat
from collections import deque
from types import TracebackType

from workers.sandbox.port import UnsafePath

_MOST_LINKS = 40  # as the kernel allows
_DEEPEST = 100


def split(path: str, known_as: str) -> tuple[str, ...]:
    """The names on the way from the root, which absolute paths call `known_as`.

    Raises UnsafePath for `..`, NUL, and what lies elsewhere.
    """
    names = names_of(path, known_as, path)
    if ".." in names or "\0" in path:
        raise UnsafePath(f"{path!r} may not contain '..' or NUL; name a path inside the workspace.")
    if len(names) > _DEEPEST:
        raise UnsafePath(f"{path[:200]!r} … is nested more than {_DEEPEST} folders deep.")
    return names


def names_of(target: str, known_as: str, shown: str) -> tuple[str, ...]:
    names = tuple(part for part in target.split("/") if part not in ("", "."))
    if not target.startswith("/"):
        return names
    root = tuple(part for part in known_as.split("/") if part)
    if names[: len(root)] != root:
        raise UnsafePath(f"{shown!r} leads outside the workspace, which is {known_as}.")
    return names[len(root) :]


class Descent:
    """The way down from an open root; `here` is an O_PATH descriptor of where it has come to."""

    def __init__(self, root: int, known_as: str) -> None:
        """Takes the descriptor `root` over."""
        self._way = [root]
        self._known_as = known_as
        self._links = 0

    def __enter__(self) -> Descent:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._back_to(0)

    @property
    def here(self) -> int:
        return self._way[-1]

    def go(self, names: tuple[str, ...], shown: str) -> None:
        """Raises UnsafePath where a link leads out, FileNotFoundError and NotADirectoryError as the kernel does."""
        pending = deque(names)
        while pending:
            name = pending.popleft()
            if name == "..":
                self._go_up(shown)
                continue
            found = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=self.here)
            if stat.S_ISLNK(os.fstat(found).st_mode):
                pending.extendleft(reversed(self._follow(found, shown)))
            else:
                self._way.append(found)

    def _go_up(self, shown: str) -> None:
        if len(self._way) == 1:
            raise UnsafePath(f"{shown!r} leads out of the workspace through a link.")
        os.close(self._way.pop())

    def _follow(self, link: int, shown: str) -> tuple[str, ...]:
        try:
            target = os.readlink("", dir_fd=link)
        finally:
            os.close(link)
        self._links += 1
        if self._links > _MOST_LINKS:
            raise UnsafePath(f"{shown!r} goes through too many links.")
        names = names_of(target, self._known_as, f"{shown} → {target}")
        if target.startswith("/"):
            self._back_to(1)
        return names

    def _back_to(self, steps: int) -> None:
        while len(self._way) > steps:
            os.close(self._way.pop())
