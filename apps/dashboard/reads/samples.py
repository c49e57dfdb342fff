"""The sample specs that come with Hive, to start from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.conf import settings

from apps.specs.validate import check_file


@dataclass(frozen=True)
class Sample:
    name: str
    title: str
    text: str


@cache
def samples() -> dict[str, Sample]:
    """By name. Read once: they are files of this installation and do not change while it runs."""
    found = {}
    for path in sorted(Path(settings.BASE_DIR, "specs").glob("*.yaml")):
        checked = check_file(path)
        if checked.spec is not None:
            found[path.stem] = Sample(path.stem, checked.spec.title, checked.text)
    return found
