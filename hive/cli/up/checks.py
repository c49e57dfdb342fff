"""What must hold before anything is started. Each check raises Failure with a sentence that says what to do."""

from __future__ import annotations

import errno
import os
import shutil
import sys
import tempfile
from pathlib import Path

from hive import env
from hive.cli.failure import Failure
from hive.home import Home

SPACE_TO_START_BYTES = 16 * 1024 * 1024
PRIVATE = 0o700
_WHY = {
    errno.EACCES: "no permission to write there",
    errno.EPERM: "no permission to write there",
    errno.EROFS: "the file system is read-only",
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EEXIST: "a file is in the way",
    errno.ENOTDIR: "a file is in the way",
}


def check_settings() -> None:
    """Every variable can be read, not only those that the first process happens to need."""
    for name in env.SETTINGS:
        try:
            env.get(name)
        except env.BadSetting as error:
            raise Failure(str(error)) from None


def check_machine() -> None:
    if sys.platform != "linux":
        raise Failure(f"`hive up` runs on Linux; this is {sys.platform}. Run it in a virtual machine or a container.")
    if not shutil.which("git"):
        raise Failure("git is not installed, and Hive keeps every project in it: apt-get install git")


def make_home(home: Home) -> None:
    """Create the folders of HIVE_HOME that the supervisor needs; see that they and what is in them can be written."""
    folders = {home.root: 0o777, home.run: 0o711, home.logs: PRIVATE, home.valkey: PRIVATE}
    for folder, mode in folders.items():
        try:
            folder.mkdir(mode=mode, parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=folder, prefix=".probe-") as probe:
                probe.write(bytes(4096))
                probe.flush()
                os.fsync(probe.fileno())
        except OSError as error:
            why = _WHY.get(error.errno or 0, error.strerror)
            raise Failure(f"HIVE_HOME={home.root} cannot be used: {folder}: {why}. {_advice(error)}") from None
        _refuse_files_of_others(folder)
    free_bytes = shutil.disk_usage(home.root).free
    if free_bytes < SPACE_TO_START_BYTES:
        raise Failure(
            f"HIVE_HOME={home.root}: the disk is full, {free_bytes >> 20} MB are free and Hive needs "
            f"{SPACE_TO_START_BYTES >> 20} MB to start. Make room, or set HIVE_HOME to a folder on another disk."
        )


def _advice(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "Make room, or set HIVE_HOME to a folder on another disk."
    return "Set HIVE_HOME to a folder that you may write."


def _refuse_files_of_others(folder: Path) -> None:
    """A Hive that once ran as root leaves files that this user cannot write: say which, before a child stumbles."""
    for entry in os.scandir(folder):
        if entry.is_file(follow_symlinks=False) and not os.access(entry.path, os.W_OK):
            raise Failure(
                f"{entry.path} cannot be written by this user. Run Hive as the user who made it, "
                "give it to this one (chown), or set HIVE_HOME to another folder."
            )
