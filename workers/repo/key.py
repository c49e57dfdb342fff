"""A private key as a file, for as long as one ssh needs it: ssh takes it in no other way."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

MEMORY = Path("/dev/shm")  # noqa: S108 - the file there is private


@contextmanager
def key_file(key: str) -> Iterator[Path]:
    """The key in a file that only this user can read; in memory where the machine has such a place."""
    folder = MEMORY if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) else None
    descriptor, name = tempfile.mkstemp(prefix="hive-key-", dir=folder)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(key.replace("\r\n", "\n").rstrip("\n") + "\n")
        yield Path(name)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(name)  # noqa: PTH108
