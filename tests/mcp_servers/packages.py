"""Installed Python packages as a tar, for a sandbox that does not see Hive's environment."""

from __future__ import annotations

import functools
import io
import re
import tarfile
from importlib.metadata import Distribution, distribution

from packaging.requirements import Requirement

FOLDER = "tools"
RUN = f'PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$HIVE_WORKSPACE/{FOLDER}" exec python3 "$@"'


def python(*arguments: str) -> list[str]:
    """A command that sees them, whatever the sandbox calls its workspace."""
    return ["sh", "-c", RUN, "sh", *arguments]


@functools.cache
def packed(name: str) -> bytes:
    """The package and all that it needs, below FOLDER."""
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as tar:
        for one in _needed(name).values():
            for file in one.files or []:
                if ".." not in file.parts and (path := file.locate()).is_file():
                    tar.add(str(path), f"{FOLDER}/{file}")
    return held.getvalue()


def _needed(name: str) -> dict[str, Distribution]:
    """By name. Extras count too: what a sandbox's Python has besides is nobody's to rely on."""
    found: dict[str, Distribution] = {}
    waiting, seen = [Requirement(name)], set()
    while waiting:
        wanted = waiting.pop()
        if str(wanted) in seen:
            continue
        seen.add(str(wanted))
        known = found.setdefault(re.sub(r"[-_.]+", "-", wanted.name).lower(), distribution(wanted.name))
        waiting += [needed for line in known.requires or [] if _counts(needed := Requirement(line), wanted.extras)]
    return found


def _counts(needed: Requirement, extras: set[str]) -> bool:
    return needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in ("", *extras))
