"""The two things that Hive asks of the Linux kernel and Python's standard library does not offer."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent(signal_number: int) -> None:
    """Have the kernel send this signal when the parent dies.

    The kernel watches the *thread* that forked: only ever fork from the main thread. A parent that was dead already
    sends nothing, so the caller compares os.getppid() afterwards.
    """
    _prctl(_PR_SET_PDEATHSIG, signal_number)


def adopt_orphans() -> None:
    """Have every orphan below this process become its child, however it was cut loose (double fork, setsid)."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def name_process(name: str) -> None:
    """The short name that `ps -o comm` and `top` show; 15 bytes of it are kept."""
    Path("/proc/self/comm").write_bytes(name.encode()[:15])


def _prctl(option: int, value: int) -> None:
    if _libc.prctl(option, value, 0, 0, 0):
        raise OSError(ctypes.get_errno(), f"prctl({option}): {os.strerror(ctypes.get_errno())}")
