"""The prompts, one file each; `$name` stands for a value."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from string import Template

FOLDER = Path(__file__).parent


def prompt(name: str, **values: str) -> str:
    """The prompt with its values filled in. KeyError for a value that is missing."""
    return _template(name).substitute(values).strip()


@cache
def _template(name: str) -> Template:
    return Template((FOLDER / f"{name}.md").read_text())
