"""glob, grep: find files, and lines in files. grep runs in the sandbox: there a pattern without end harms nobody."""

from __future__ import annotations

import time
from collections.abc import Iterator

from pydantic import Field

from workers.llm.tools.desk import Desk
from workers.llm.tools.port import Arguments, Instrument, ToolFailed
from workers.sandbox.port import WORKSPACE, UnsafePath

MOST_FILES = 500
MOST_LINES = 200
LONGEST_LINE = 300
SKIPPED = (".git", ".hive", "node_modules", "__pycache__", ".venv")
GREP_TIMEOUT_S = 30.0
TROUBLE = 2  # grep's exit code for what is wrong with the question
A_DAY_NS = 86_400 * 10**9


class Glob(Arguments):
    pattern: str = Field("**", description="Such as **/*.py; from the task's folder. `**` is any depth.")


class Grep(Arguments):
    pattern: str = Field(description="Extended regular expression (as `grep -E`).", min_length=1, max_length=1_000)
    path: str = Field(".", description="File or folder to look in.")
    files: str = Field("*", description="Which names of files, such as *.py.")
    ignore_case: bool = False


def glob(desk: Desk) -> Instrument:
    def run(asked: Glob) -> str:
        names = sorted(_names(desk, asked.pattern))
        if not names:
            return f"No file matches {asked.pattern}."
        more = [f"[{len(names) - MOST_FILES} more; use a narrower pattern]"] if len(names) > MOST_FILES else []
        return "\n".join([*names[:MOST_FILES], *more])

    return Instrument("glob", "List files that match a pattern.", Glob, run)


def _names(desk: Desk, pattern: str) -> Iterator[str]:
    """Paths from the task's folder, without what nobody wrote by hand."""
    export = desk.sandbox.export([desk.path(pattern)], since_ns=time.time_ns() + A_DAY_NS)  # names only, no content
    try:
        for _ in export:
            pass
    except UnsafePath as error:
        raise ToolFailed(str(error)) from None
    for name, sort in export.names.items():
        if sort != "folder" and not set(SKIPPED) & set(name.split("/")[:-1]):
            yield f"{WORKSPACE}/{name}".removeprefix(f"{desk.home}/")


def grep(desk: Desk) -> Instrument:
    def run(asked: Grep) -> str:
        printed = bytearray()
        flags = ["-i"] if asked.ignore_case else []
        skipped = [f"--exclude-dir={name}" for name in SKIPPED]
        where = ["-e", asked.pattern, "--", desk.from_home(asked.path)]
        result = desk.sandbox.run(
            ["grep", "-rnIE", f"-m{MOST_LINES}", f"--include={asked.files}", *skipped, *flags, *where],
            timeout_s=GREP_TIMEOUT_S,
            on_output=printed.extend,
            cwd=desk.home,
        )
        lines = printed.decode(errors="replace").splitlines()
        if result.exit_code is None:
            raise ToolFailed(f"grep was ended: {result.message}")
        if result.exit_code >= TROUBLE and not lines[1:]:
            raise ToolFailed(" ".join(lines) or result.message)
        more = ["[more lines match; use a narrower pattern]"] if len(lines) > MOST_LINES else []
        shown = [line.removeprefix("./")[:LONGEST_LINE] for line in lines[:MOST_LINES]]
        return "\n".join([*shown, *more]) or f"Nothing matches {asked.pattern} in {asked.path}."

    return Instrument("grep", "Find lines that match a regular expression, with file and line number.", Grep, run)
