"""The end of a release's log. The sandbox writes it, and keeps it small: one file and one older one, `<name>.1`."""

from __future__ import annotations

import os
from pathlib import Path


def tail(path: Path, limit_bytes: int) -> bytes:
    """The last bytes of a log, across its rotation; empty where there is none yet."""
    newest = _end_of(path, limit_bytes)
    return _end_of(path.with_name(f"{path.name}.1"), limit_bytes - len(newest)) + newest


def _end_of(path: Path, limit_bytes: int) -> bytes:
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - limit_bytes))
            return file.read(limit_bytes)
    except FileNotFoundError:
        return b""
