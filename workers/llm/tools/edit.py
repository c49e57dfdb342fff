"""edit: replace a piece of a file, exactly or, where only white space differs, as it was meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence

from pydantic import Field

from workers.llm.tools.desk import Desk
from workers.llm.tools.port import Arguments, Instrument, ToolFailed

AROUND = 3  # lines shown around the nearest ones when nothing matches
FARTHEST_LOOK = 5_000  # lines of a file in which the nearest ones are looked for


class Edit(Arguments):
    path: str = Field(description="File to change.")
    old: str = Field(
        description="The piece to replace, as it stands in the file; enough of it to occur once.", min_length=1
    )
    new: str = Field(description="What stands there afterwards.")
    all: bool = Field(False, description="Replace every occurrence.")


def edit(desk: Desk) -> Instrument:
    def run(asked: Edit) -> str:
        text = desk.read_text(asked.path)
        changed, places = replaced(text, asked)
        desk.write(asked.path, changed.encode())
        return f"Changed {asked.path} at line {', '.join(map(str, places))}."

    description = "Replace a piece of a file. White space at the ends of lines and common indentation need not match."
    return Instrument("edit", description, Edit, run, changes=True)


def replaced(text: str, asked: Edit) -> tuple[str, list[int]]:
    """The new text, and the lines that changed. Raises ToolFailed, with the nearest lines, where nothing matches."""
    if asked.old == asked.new:
        raise ToolFailed("`old` and `new` are the same: there is nothing to change.")
    found = text.count(asked.old)
    if found == 1 or (found > 1 and asked.all):
        return text.replace(asked.old, asked.new), list(_lines_of(text, asked.old))
    if found > 1:
        lines = ", ".join(map(str, _lines_of(text, asked.old)))
        raise ToolFailed(
            f"`old` occurs {found} times in {asked.path}, at lines {lines}. Add lines around it, or set `all`."
        )
    return _tolerant(text, asked)


def _lines_of(text: str, piece: str) -> Iterator[int]:
    at = text.find(piece)
    while at >= 0:
        yield text.count("\n", 0, at) + 1
        at = text.find(piece, at + len(piece))


def _tolerant(text: str, asked: Edit) -> tuple[str, list[int]]:
    """Whole lines that differ only in white space. The indentation of the file is kept for the new lines."""
    lines, old = text.splitlines(keepends=True), asked.old.strip("\n").splitlines()
    wanted = [line.strip() for line in old]
    places = [
        at for at in range(len(lines) - len(old) + 1) if [line.strip() for line in lines[at : at + len(old)]] == wanted
    ]
    if not any(wanted) or not places:
        raise ToolFailed(f"`old` does not occur in {asked.path}.{_nearest(lines, old)}")
    if len(places) > 1 and not asked.all:
        where = ", ".join(str(at + 1) for at in places)
        raise ToolFailed(
            f"But for white space, `old` occurs {len(places)} times in {asked.path}, at lines {where}."
            " Add lines around it."
        )
    for at in reversed(places):
        lines[at : at + len(old)] = _indented(asked.new, lines[at : at + len(old)], old)
    return "".join(lines), [at + 1 for at in places]


def _indented(new: str, there: Sequence[str], old: Sequence[str]) -> list[str]:
    """The new lines, moved by as much as the file's own are indented further than `old`."""
    first = next(at for at, line in enumerate(old) if line.strip())
    has, wrote = _indent(there[first]), _indent(old[first])
    ending = "\r\n" if there[0].endswith("\r\n") else "\n"
    moved = [_moved(line, has, wrote) for line in new.strip("\n").splitlines()]
    last = "" if moved and not there[-1].endswith("\n") else ending
    return [f"{line}{ending}" for line in moved[:-1]] + [f"{line}{last}" for line in moved[-1:]]


def _moved(line: str, has: str, wrote: str) -> str:
    if not line.strip():
        return ""
    return f"{has}{line.removeprefix(wrote)}" if line.startswith(wrote) else f"{has}{line.lstrip()}"


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip(" \t"))]


def _nearest(lines: Sequence[str], old: Sequence[str]) -> str:
    """The lines that are most like `old`, with those around them, as they stand in the file."""
    if not lines:
        return " The file is empty."
    wanted = "\n".join(line.strip() for line in old)
    best, at = max(_likeness(lines[:FARTHEST_LOOK], wanted, len(old)))
    if best < 0.4:
        return " Nothing in it is like it: read the file first."
    first, last = max(at - AROUND, 0), min(at + len(old) + AROUND, len(lines))
    shown = "\n".join(f"{number + 1:>5}\t{lines[number].rstrip()}" for number in range(first, last))
    return f" The nearest lines are:\n{shown}"


def _likeness(lines: Sequence[str], wanted: str, height: int) -> Iterator[tuple[float, int]]:
    matcher = difflib.SequenceMatcher(autojunk=False)
    matcher.set_seq2(wanted)
    best = 0.0
    for at in range(max(len(lines) - height + 1, 1)):
        matcher.set_seq1("\n".join(line.strip() for line in lines[at : at + height]))
        if matcher.real_quick_ratio() > best and matcher.quick_ratio() > best:
            best = max(best, ratio := matcher.ratio())
            yield ratio, at
    yield 0.0, 0
