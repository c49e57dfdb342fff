"""Which user the commands of a sandbox run as."""

from __future__ import annotations

import os
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

# systemd leaves 0x70000000–0x7fffffff unused. A user of its own per sandbox makes the kernel count its processes alone
# (RLIMIT_NPROC counts per user, and never for root), and lets one call end them all.
PRIVATE_UIDS = range(0x70000000, 0x80000000)
_NOBODY = 65534


@dataclass(frozen=True)
class User:
    """An unprivileged user for the commands; `private`: no process outside the sandbox has it."""

    uid: int
    gid: int

    @property
    def private(self) -> bool:
        return self.uid in PRIVATE_UIDS


def choose() -> User | None:
    """Someone harmless when Hive runs as root; None (Hive's own user) when it does not."""
    if os.geteuid() != 0:
        return None
    uid = PRIVATE_UIDS[int.from_bytes(os.urandom(4)) % len(PRIVATE_UIDS)]
    return User(uid, uid) if _mapped("uid", uid) and _mapped("gid", uid) else User(_NOBODY, _NOBODY)


def _mapped(sort: str, number: int) -> bool:
    """Whether this user exists in Hive's own user namespace; a rootless container knows only some."""
    for line in Path(f"/proc/self/{sort}_map").read_text().splitlines():
        first, _outside, count = map(int, line.split())
        if first <= number < first + count:
            return True
    return False


def may_enter(folder: Path) -> bool:
    """Whether any user may come to this folder: no folder above it is closed."""
    folder = folder.resolve()
    return all(stat.S_IMODE(each.stat().st_mode) & stat.S_IXOTH for each in folder.parents)


def may_run_python(path: str) -> bool:
    """Whether any user finds a python3 on this PATH."""
    found = (shutil.which("python3", path=each) for each in path.split(":"))
    return any(may_enter(Path(python)) for python in found if python)
