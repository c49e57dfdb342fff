"""What a check found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Level(StrEnum):
    OK = "ok"
    WARN = "warn"  # Hive runs, with less than it could have
    FAIL = "fail"  # Hive does not run until this is mended


@dataclass(frozen=True)
class Finding:
    """One line of the answer: what was looked at, what was seen, and what to do about it."""

    part: str
    level: Level
    seen: str
    to_do: str = ""


Check = Callable[[], list[Finding]]


def ok(part: str, seen: str, to_do: str = "") -> list[Finding]:
    return [Finding(part, Level.OK, seen, to_do)]


def warn(part: str, seen: str, to_do: str) -> list[Finding]:
    return [Finding(part, Level.WARN, seen, to_do)]


def fail(part: str, seen: str, to_do: str) -> list[Finding]:
    return [Finding(part, Level.FAIL, seen, to_do)]


def nearest_folder(path: Path) -> Path:
    """The folder itself, or the one above it that exists: where a check may look without creating anything for good."""
    return next(folder for folder in (path, *path.parents) if folder.is_dir())
