"""One `hive up` per home: a lock on HIVE_HOME/run/lock that the kernel frees when its last holder is gone.

Guard and supervisor share it, so a free lock means that both have ended.
"""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

PATIENCE_S = 0.5  # `status` and `down` hold the lock for an instant to see whether it is free


class Taken(Exception):
    """Another process holds the lock."""


def acquire(path: Path, patience_s: float = PATIENCE_S) -> int:
    """The descriptor that holds the lock until it, and every copy that a fork made, is closed. Raises Taken."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + patience_s
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return descriptor
        except BlockingIOError:
            if time.monotonic() >= deadline:
                os.close(descriptor)
                raise Taken from None
            time.sleep(0.02)


def is_held(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
