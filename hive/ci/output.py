"""A job's output on somebody else's runner: shown, and never obeyed.

A runner of GitHub, Gitea or Forgejo takes lines such as `::set-env …` or `##[…]` of any step for commands. While output
is shown it is told to stop listening, with a word that nobody knows; and such lines are written so that they are none.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

LINE_ENDS = re.compile(r"\r\n|[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
COLOUR = re.compile(r"\x1b\[[0-9;]{0,20}m")
CONTROL = re.compile(r"[\x00-\x08\x0e-\x1b\x1f\x7f-\x9f]")
ANYWHERE = re.compile(r"##\[")


def harmless(line: str) -> str:
    """One line without control sequences but colours, and without anything that a runner takes for a command."""
    kept = []
    at = 0
    for colour in COLOUR.finditer(line):
        kept += [CONTROL.sub("", line[at : colour.start()]), colour[0]]
        at = colour.end()
    kept.append(CONTROL.sub("", line[at:]))
    text = "".join(kept)
    bare = COLOUR.sub("", text).lstrip("\ufeff \t")
    if bare.startswith(("::", "##[")):
        text = f"| {text}"
    return ANYWHERE.sub("## [", text)


class Shown:
    """Takes output as it comes, in pieces of any size, and writes whole lines."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._rest = ""

    def write(self, text: str) -> None:
        *lines, self._rest = LINE_ENDS.split(self._rest + text)
        if len(self._rest) > 65536:  # a line without an end
            lines, self._rest = [*lines, self._rest], ""
        for line in lines:
            self._line(line)

    def say(self, text: str) -> None:
        """A sentence of ours, on a line of its own."""
        self.close()
        for line in LINE_ENDS.split(text):
            self._line(f"[hive] {line}")

    def close(self) -> None:
        if self._rest:
            self._line(self._rest)
        self._rest = ""

    def _line(self, line: str) -> None:
        self._out.write(harmless(line) + "\n")
        self._out.flush()


@contextmanager
def unheard(out: TextIO) -> Iterator[Shown]:
    """While this lasts the runner takes no line for a command."""
    word = secrets.token_hex(24)
    out.write(f"::stop-commands::{word}\n")
    shown = Shown(out)
    try:
        yield shown
    finally:
        shown.close()
        out.write(f"::{word}::\n")
        out.flush()
