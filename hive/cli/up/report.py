"""What `hive up` says: to the person who called it, and to HIVE_HOME/logs/up.log."""

from __future__ import annotations

import datetime
import os
import select

from hive.cli.up.logfile import LogFile

GREEN, RED, YELLOW, DIM, BOLD, PLAIN = "\033[32m", "\033[31m", "\033[33m", "\033[2m", "\033[1m", "\033[0m"
MARKS = {"ok": f"{GREEN}✓{PLAIN}", "bad": f"{RED}✗{PLAIN}", "note": f"{YELLOW}!{PLAIN}", "": " "}


class Report:
    """Lines for a terminal (marks and colours) or for a pipe (`hive: name: text`); each also goes to the log."""

    def __init__(self, descriptor: int, log: LogFile) -> None:
        self._descriptor = descriptor
        self._log = log
        self._for_a_person = os.isatty(descriptor) and os.environ.get("TERM") != "dumb"
        self._colour = self._for_a_person and not os.environ.get("NO_COLOR")
        self._passing = False

    def child(self, name: str, text: str, mark: str = "") -> None:
        """One line about one child. `mark`: ok, bad, note or none."""
        self._log_line(f"{name}: {text}")
        self._show(f"  {MARKS[mark]} {name:<8} {text}" if self._for_a_person else f"hive: {name}: {text}")

    def line(self, text: str, *, secret: bool = False) -> None:
        """A line of its own; a secret one (a way to sign in) is shown and not kept."""
        if not secret:
            self._log_line(text.strip())
        self._show(text if self._for_a_person else f"hive: {text.strip()}")

    def quote(self, text: str) -> None:
        """The end of a child's output, below the line that says why it is shown. Its log has it already."""
        for line in text.splitlines():
            self._show(f"      {DIM}{line}{PLAIN}" if self._for_a_person else f"hive:   | {line}")

    def passing(self, text: str) -> None:
        """What is being done right now: overwritten by the next line, and only a person sees it."""
        if self._for_a_person:
            self._put(f"\r\033[K{DIM}{text[: self._columns() - 1]}{PLAIN}")  # what wraps could not be overwritten
            self._passing = True

    def _columns(self) -> int:
        try:
            return os.get_terminal_size(self._descriptor).columns or 80
        except OSError:  # it was closed while Hive starts
            return 80

    def _show(self, text: str) -> None:
        start = "\r\033[K" if self._passing else ""
        self._passing = False
        self._put(f"{start}{text}\n")

    def _put(self, text: str) -> None:
        """Write unless it would block: a terminal that someone paused (Ctrl-S) must not pause the supervisor."""
        if not self._colour:
            text = without_colour(text)
        try:
            if select.select([], [self._descriptor], [], 0)[1]:
                os.write(self._descriptor, text.encode()[: select.PIPE_BUF])
        except OSError:
            pass  # the terminal is gone; SIGHUP says so if it matters

    def _log_line(self, text: str) -> None:
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self._log.write(f"{now} {without_colour(text)}\n".encode())


def without_colour(text: str) -> str:
    for code in (GREEN, RED, YELLOW, DIM, BOLD, PLAIN):
        text = text.replace(code, "")
    return text
