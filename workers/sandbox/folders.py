"""What one sandbox has on disk: a folder named by its label, with a lock that tells whether its owner is alive.

<scratch>/<label>/   lock       held (flock) by the process that opened the sandbox, as long as it lives
                     cookie     what every process of the sandbox carries in its environment as HIVE_SANDBOX
                     workspace/ home/ tmp/     the job's own
                     etc/       the synthetic /etc of a bubblewrap sandbox
                     shm/       the job's own too, for a bubblewrap that cannot bound one in memory
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from workers.sandbox.identity import User
from workers.sandbox.port import SandboxError

_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")
LOCK, COOKIE = "lock", "cookie"
STAGING = ".new-"  # no label begins with a dot
_OF_THE_JOB = ("workspace", "home", "tmp")


class LabelTaken(SandboxError):
    """Another sandbox has this label."""


class Folders:
    """The paths; making them takes the lock, removing them gives it back."""

    def __init__(self, scratch: Path, label: str) -> None:
        if not _LABEL.match(label):
            raise SandboxError(f"{label!r} is no label: use 1–64 letters, digits, '.', '_' and '-'.", permanent=True)
        self.root = scratch.absolute() / label
        self.cookie = f"{label}-{os.urandom(6).hex()}"
        self._lock = -1

    @property
    def workspace(self) -> Path:
        return self.root / "workspace"

    @property
    def home(self) -> Path:
        return self.root / "home"

    @property
    def tmp(self) -> Path:
        return self.root / "tmp"

    @property
    def shm(self) -> Path:
        return self.root / "shm"

    @property
    def etc(self) -> Path:
        return self.root / "etc"

    def make(self, owner: User | None) -> None:
        """All or nothing, the lock included. LabelTaken, or SandboxError where the disk refuses."""
        staging = self.root.with_name(f"{STAGING}{os.urandom(8).hex()}")
        try:
            staging.parent.mkdir(parents=True, exist_ok=True)
            self._fill(staging, owner)
            staging.rename(self.root)  # fails where something is
        except OSError as error:
            self._let_go()
            shutil.rmtree(staging, ignore_errors=True)
            if error.errno in (errno.EEXIST, errno.ENOTEMPTY):
                raise LabelTaken(f"{self.root} exists already: another sandbox with this label is alive.") from None
            raise disk_trouble(error, self.root) from error

    def _fill(self, staging: Path, owner: User | None) -> None:
        staging.mkdir(mode=0o700)
        self._lock = hold(staging / LOCK)
        staging.joinpath(COOKIE).write_text(self.cookie)
        for name in _OF_THE_JOB:
            make_own(staging / name, owner)
        if owner:
            staging.chmod(0o711)  # the job comes to its own folders through this one

    def remove(self) -> None:
        remove(self.root)
        self._let_go()

    def _let_go(self) -> None:
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def make_own(folder: Path, owner: User | None) -> None:
    """A folder for the job alone."""
    folder.mkdir(mode=0o700)
    if owner:
        os.chown(folder, owner.uid, owner.gid)


def hold(path: Path) -> int:
    """A descriptor that holds the lock until it is closed, or its process dies. BlockingIOError: somebody else does."""
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BaseException:
        os.close(lock)
        raise
    return lock


def remove(folder: Path) -> None:
    """Delete a job's folder with all that is in it, also what the job closed to its owner or nested beyond reason."""
    for _ in range(3):
        with contextlib.suppress(OSError, RecursionError):
            shutil.rmtree(folder, onerror=_give_back_rights)
        if not folder.exists():
            return
    subprocess.run(["rm", "-rf", "--", os.fspath(folder)], capture_output=True, check=False)
    if folder.exists():
        raise SandboxError(f"{folder} cannot be removed; something still writes to it, or it is a mount point.")


def _give_back_rights(_call: Callable[..., Any], path: str, _error: Any) -> None:
    """rmtree met an error: a folder closed to its own owner is the one that the next round can delete."""
    with contextlib.suppress(OSError):
        for each in (os.path.dirname(path), path):  # noqa: PTH120 - what rmtree gives is text
            if not os.path.islink(each):  # noqa: PTH114
                os.chmod(each, 0o700)  # noqa: PTH101


def disk_trouble(error: OSError, where: Path) -> SandboxError:
    """The host's own trouble with a sandbox's files, in words."""
    return SandboxError(f"{where}: {error.strerror}. Free some space on the disk that holds it, or make it writable.")


@contextlib.contextmanager
def telling_disk_trouble(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise disk_trouble(error, folder) from error
