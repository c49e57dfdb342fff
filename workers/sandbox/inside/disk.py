"""How many files a folder holds and how much disk they take, counted a little at a time."""

# pathlib and contextlib are large imports, and a sandbox starts for every job:
# ruff: noqa: PTH101
from __future__ import annotations

import os
import stat
import time

TYPE_CHECKING = False
if TYPE_CHECKING:  # typing is a large import, and a sandbox starts for every job
    from collections.abc import Iterator

_DEEPEST_PATH = 3000  # beyond 4,096 bytes no path reaches a file any more, and its bytes could not be counted


class Walk:
    """One round over some folders. Follows no link; counts a file with several names once, a sparse file as it lies."""

    def __init__(self, places: list[str]) -> None:
        self.size_bytes = 0
        self.entries = 0
        self.too_deep = ""
        self.took_s = 0.0
        self._linked: set[tuple[int, int]] = set()
        self._steps = self._go(list(places))

    def go_on(self, for_s: float) -> bool:
        """Count for about this long. True when the round is complete."""
        start = time.monotonic()
        for _folder in self._steps:
            if time.monotonic() - start > for_s:
                self.took_s += time.monotonic() - start
                return False
        self.took_s += time.monotonic() - start
        return True

    def _go(self, folders: list[str]) -> Iterator[str]:
        while folders:
            folder = folders.pop()
            for number, entry in enumerate(_entries(folder)):
                self._count(entry, folders)
                if number % 256 == 255:
                    yield folder
            yield folder

    def _count(self, entry: os.DirEntry[str], folders: list[str]) -> None:
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError:
            return  # deleted meanwhile
        self.entries += 1
        if stat.S_ISDIR(status.st_mode):
            if len(os.fsencode(entry.path)) > _DEEPEST_PATH:
                self.too_deep = entry.path
            else:
                folders.append(entry.path)
        elif status.st_nlink > 1:
            if (status.st_dev, status.st_ino) in self._linked:
                return
            self._linked.add((status.st_dev, status.st_ino))
        self.size_bytes += status.st_blocks * 512


def _entries(folder: str) -> Iterator[os.DirEntry[str]]:
    """The entries of a folder; one that its owner closed to himself is opened again, so that nothing hides in it."""
    try:
        try:
            listing = os.scandir(folder)
        except PermissionError:
            os.chmod(folder, 0o700, follow_symlinks=False)
            listing = os.scandir(folder)
        with listing:
            yield from listing
    except OSError:
        pass
