"""Where templates come from: folders of this machine, and git addresses that are kept in a cache folder."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from workers.coding.engines.template.template import question_file

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")
ADDRESS = re.compile(r"^(?:[a-z][a-z0-9+.-]*://|[^/\s]+@[^/\s:]+:)")  # https://…, ssh://…, git@host:path


class Source(Protocol):
    """A place that holds templates. `label` names it for people and holds no credentials."""

    @property
    def label(self) -> str: ...

    def templates(self) -> dict[str, Path]:
        """Name to folder, as of now. Empty where there is nothing; SourceUnreachable where it cannot be told."""
        ...


@dataclass(frozen=True)
class FolderSource:
    """A folder with one folder per template, or one that is itself a template. It may come into being later."""

    path: Path
    title: str = ""

    @property
    def label(self) -> str:
        return f"{self.title} ({self.path})" if self.title else str(self.path)

    def templates(self) -> dict[str, Path]:
        return templates_in(self.path, self.path.name)


def templates_in(folder: Path, name: str) -> dict[str, Path]:
    """The templates of a folder; if it is itself one, that one, called `name`. Other folders are not looked at."""
    if question_file(folder):
        return {name: folder} if NAME.fullmatch(name) else {}
    try:
        children = sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return {}
    return {child.name: child for child in children if NAME.fullmatch(child.name) and question_file(child)}


def is_git_address(text: str) -> bool:
    """Whether a setting names a repository rather than a folder."""
    return bool(ADDRESS.match(text)) or text.split("#")[0].endswith(".git")
