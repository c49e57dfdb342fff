"""apply_patch: several files at once, as coding models write it (`*** Begin Patch` …) or as a unified diff."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from pydantic import Field

from workers.llm.tools.desk import Desk
from workers.llm.tools.port import Arguments, Instrument, ToolFailed

HEADER = re.compile(r"\*\*\* (Add|Update|Delete) File: (.+)")
MOVE = re.compile(r"\*\*\* Move to: (.+)")
RANGE = re.compile(r"@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@")
EXAMPLE = (
    "*** Begin Patch\n*** Update File: app.py\n@@ def greet():\n-    return 'hi'\n+    return 'hello'\n"
    "*** Add File: notes.md\n+# Notes\n*** Delete File: old.py\n*** End Patch"
)


class ApplyPatch(Arguments):
    patch: str = Field(description=f"All changes, such as:\n{EXAMPLE}", min_length=1)


@dataclass
class Hunk:
    """Lines to find, and what stands there afterwards. `anchor`: a line that comes before them."""

    anchor: str = ""
    old: list[str] = field(default_factory=list)
    new: list[str] = field(default_factory=list)


@dataclass
class Change:
    """What happens to one file. `to`: its new name."""

    sort: str  # Add, Update, Delete
    path: str
    to: str = ""
    hunks: list[Hunk] = field(default_factory=list)


def apply_patch(desk: Desk) -> Instrument:
    def run(asked: ApplyPatch) -> str:
        changes = list(parse(asked.patch))
        if not changes:
            raise ToolFailed(f"This is no patch. It looks like this:\n{EXAMPLE}")
        contents = [_content(desk, change) for change in changes]  # all of them fit, or none is written
        for change, content in zip(changes, contents, strict=True):
            _write(desk, change, content)
        return "\n".join(_told(change) for change in changes)

    return Instrument(
        "apply_patch", "Change several files at once; all of it or nothing.", ApplyPatch, run, changes=True
    )


def parse(patch: str) -> Iterator[Change]:
    """The changes of a patch, in order. Raises ToolFailed with the number of the line that is wrong."""
    lines = patch.replace("\r\n", "\n").split("\n")
    if any(line.startswith("--- ") for line in lines) and not any(HEADER.fullmatch(line.strip()) for line in lines):
        yield from _unified(lines)
        return
    change: Change | None = None
    for number, line in enumerate(lines, 1):
        if found := HEADER.fullmatch(line.strip()):
            if change:
                yield change
            change = Change(found[1], found[2].strip())
        elif line.strip() in ("*** Begin Patch", "*** End Patch", "*** End of File"):
            continue
        elif change is None:
            if line.strip():
                raise ToolFailed(f"Line {number} of the patch belongs to no file: {line[:80]!r}.")
        else:
            _take(change, line, number)
    if change:
        yield change


def _take(change: Change, line: str, number: int) -> None:
    if found := MOVE.fullmatch(line.strip()):
        change.to = found[1].strip()
    elif line.startswith("@@"):
        change.hunks.append(Hunk(anchor="" if RANGE.match(line) else line.strip("@ ")))
    else:
        if not change.hunks:
            change.hunks.append(Hunk())
        _add(change.hunks[-1], line, number)


def _add(hunk: Hunk, line: str, number: int) -> None:
    sign, text = (line[0], line[1:]) if line else (" ", "")
    if sign not in " +-\\":
        raise ToolFailed(f"Line {number} of the patch begins with none of ` `, `+`, `-`: {line[:80]!r}.")
    if sign in " -":
        hunk.old.append(text)
    if sign in " +":
        hunk.new.append(text)


def _unified(lines: Sequence[str]) -> Iterator[Change]:
    """`--- a/x`, `+++ b/x`, hunks. Line numbers are not believed: models miscount."""
    change: Change | None = None
    at = 0
    while at < len(lines):
        line = lines[at]
        if line.startswith("--- ") and at + 1 < len(lines) and lines[at + 1].startswith("+++ "):
            if change:
                yield change
            change = _named(_name(line), _name(lines[at + 1]))
            at += 1
        elif change is not None and line and line[0] in "@ +-" and not line.startswith(("diff ", "index ")):
            _take(change, line, at + 1)
        at += 1
    if change:
        yield change


def _name(line: str) -> str:
    name = line[4:].split("\t")[0].strip()
    return name if name == "/dev/null" else re.sub(r"^[ab]/", "", name)


def _named(old: str, new: str) -> Change:
    if old == "/dev/null":
        return Change("Add", new)
    if new == "/dev/null":
        return Change("Delete", old)
    return Change("Update", old, "" if old == new else new)


def _content(desk: Desk, change: Change) -> str:
    if change.sort == "Add":
        return "".join(f"{line}\n" for hunk in change.hunks for line in hunk.new)
    text = desk.read_text(change.path)
    if change.sort == "Delete":
        return ""
    lines, start = text.split("\n"), 0
    for number, hunk in enumerate(change.hunks, 1):
        lines, start = _applied(lines, hunk, start, f"Part {number} of {change.path}")
    return "\n".join(lines)


def _applied(lines: list[str], hunk: Hunk, start: int, name: str) -> tuple[list[str], int]:
    """The new lines, and where the next hunk may begin."""
    old, new = _trimmed(hunk)
    if hunk.anchor:
        start = next((at for at in range(start, len(lines)) if hunk.anchor in lines[at]), start)
    if not old:
        at = len(lines) - 1 if lines and not lines[-1] else len(lines)
        return [*lines[:at], *new, *lines[at:]], at + len(new)
    for same in (str, str.rstrip, str.strip):
        wanted = [same(line) for line in old]
        for at in [*range(start, len(lines)), *range(start)]:
            if [same(line) for line in lines[at : at + len(old)]] == wanted:
                return [*lines[:at], *new, *lines[at + len(old) :]], at + len(new)
    shown = "\n".join(old[:6])
    raise ToolFailed(f"{name} does not fit: these lines are not in the file one after another. Read it first.\n{shown}")


def _trimmed(hunk: Hunk) -> tuple[list[str], list[str]]:
    """Without the empty line that ends a patch."""
    if hunk.old and hunk.new and not hunk.old[-1] and not hunk.new[-1]:
        return hunk.old[:-1], hunk.new[:-1]
    return hunk.old, hunk.new


def _write(desk: Desk, change: Change, content: str) -> None:
    target = change.to or change.path
    if change.sort != "Delete":
        desk.write(target, content.encode())
    if change.sort == "Delete" or change.to:
        desk.remove(change.path)


def _told(change: Change) -> str:
    verb = {"Add": "Added", "Update": "Changed", "Delete": "Deleted"}[change.sort]
    return f"{verb} {change.path}" + (f", now {change.to}" if change.to else "")
