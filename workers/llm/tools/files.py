"""read, write: one file at a time."""

from __future__ import annotations

from pydantic import Field

from workers.llm.tools.desk import Desk
from workers.llm.tools.port import Arguments, Instrument, ToolFailed

LINES = 400
LONGEST_LINE = 2_000


class Read(Arguments):
    path: str = Field(description="File, from the task's folder or below /workspace.")
    first_line: int = Field(1, ge=1, description="Where to begin.")
    lines: int = Field(LINES, ge=1, le=5_000, description="How many lines at most.")


class Write(Arguments):
    path: str = Field(description="File, from the task's folder or below /workspace. Folders above it are made.")
    content: str = Field(description="The whole new content.")


def read(desk: Desk) -> Instrument:
    def run(asked: Read) -> str:
        lines = desk.read_text(asked.path).splitlines()
        if not lines:
            return f"{asked.path} is empty."
        if asked.first_line > len(lines):
            raise ToolFailed(f"{asked.path} has {len(lines)} lines.")
        chosen = lines[asked.first_line - 1 : asked.first_line - 1 + asked.lines]
        shown = [f"{asked.first_line + at:>5}\t{_short(line)}" for at, line in enumerate(chosen)]
        last = asked.first_line + len(chosen) - 1
        if len(chosen) < len(lines):
            shown.append(f"[lines {asked.first_line} to {last} of {len(lines)}]")
        return "\n".join(shown)

    return Instrument("read", "Read a text file, with line numbers.", Read, run)


def _short(line: str) -> str:
    return line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]}… [{len(line):,} characters]"


def write(desk: Desk) -> Instrument:
    def run(asked: Write) -> str:
        data = asked.content.encode()
        desk.write(asked.path, data)
        return f"Wrote {asked.path}: {len(asked.content.splitlines())} lines, {len(data):,} bytes."

    return Instrument("write", "Create a file, or replace all of it.", Write, run, changes=True)
