"""What .gitignore and .hiveignore leave out, by git's own rules."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FILES = (".gitignore", ".hiveignore")  # the second is read later, and so has the last word
ALWAYS = frozenset({".git"})


@dataclass(frozen=True)
class Rule:
    """One line: `base` is the folder whose file it stands in, relative to the root, with a slash at its end."""

    base: str
    pattern: re.Pattern[str]
    negated: bool
    folders_only: bool

    def fits(self, path: str, *, is_folder: bool) -> bool:
        if (self.folders_only and not is_folder) or not path.startswith(self.base):
            return False
        return bool(self.pattern.fullmatch(path[len(self.base) :]))


def rules_of(folder: Path, base: str) -> Iterator[Rule]:
    """The rules that begin to hold in this folder."""
    for name in FILES:
        file = folder / name
        if file.is_file():
            for line in file.read_text(errors="surrogateescape").splitlines():
                rule = parse(line, base)
                if rule is not None:
                    yield rule


def is_ignored(path: str, rules: list[Rule], *, is_folder: bool) -> bool:
    """The last rule that fits decides. What lies in an ignored folder is not asked for."""
    if path.rpartition("/")[2] in ALWAYS:
        return True
    for rule in reversed(rules):
        if rule.fits(path, is_folder=is_folder):
            return not rule.negated
    return False


def parse(line: str, base: str = "") -> Rule | None:
    """None for a line that says nothing."""
    text = _without_spaces(line)
    if not text or text.startswith("#"):
        return None
    negated = text.startswith("!")
    text = text[1:] if negated else text
    folders_only = text.endswith("/")
    text = text.rstrip("/") if folders_only else text
    anchored = "/" in text
    text = text[1:] if text.startswith("/") else text
    if not text:
        return None
    try:
        pattern = re.compile(("" if anchored else "(?:.*/)?") + _translate(text), re.DOTALL)
    except re.error:
        return None  # such as [z-a]: it fits nothing
    return Rule(base, pattern, negated, folders_only)


def _without_spaces(line: str) -> str:
    """Spaces at the end count only where the last is escaped."""
    kept = line.rstrip(" \t\r")
    return kept + " " if kept.endswith("\\") and len(kept) < len(line) else kept


def _translate(text: str) -> str:
    found = []
    at = 0
    while at < len(text):
        piece, at = _piece(text, at)
        found.append(piece)
    return "".join(found)


def _piece(text: str, at: int) -> tuple[str, int]:
    if text.startswith("**/", at) and (at == 0 or text[at - 1] == "/"):
        return "(?:.*/)?", at + 3
    if text[at:] == "**" and at > 0 and text[at - 1] == "/":
        return ".+", at + 2
    char = text[at]
    if char == "*":
        end = at
        while end < len(text) and text[end] == "*":
            end += 1
        return "[^/]*", end
    if char == "?":
        return "[^/]", at + 1
    if char == "[":
        return _class(text, at)
    if char == "\\" and at + 1 < len(text):
        return re.escape(text[at + 1]), at + 2
    return re.escape(char), at + 1


def _class(text: str, at: int) -> tuple[str, int]:
    start = at + 2 if text[at + 1 : at + 2] in ("!", "^") else at + 1
    end = text.find("]", start + 1)
    if end < 0:
        return re.escape("["), at + 1
    inner = text[start:end].replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]").replace("^", "\\^")
    return f"(?!/)[{'^' if start == at + 2 else ''}{inner}]", end + 1
