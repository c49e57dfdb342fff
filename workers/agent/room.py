"""Room on a disk: whether what has just failed may have failed for want of it."""

from __future__ import annotations

import shutil
from pathlib import Path

FULL_BYTES = 1024 * 1024


def full(folder: Path) -> str:
    """A sentence where less than a MiB is left for who writes into this folder; else nothing."""
    free = shutil.disk_usage(folder).free
    return "" if free >= FULL_BYTES else f"The disk of this machine is full: {free // 1024} KiB are free."
