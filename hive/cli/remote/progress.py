"""The board of a run's jobs, as lines for a person."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

STYLES = {"completed": "green", "failed": "red", "canceled": "yellow", "running": "bold", "queued": "dim"}
MARKS = {"completed": "✔", "failed": "✘", "canceled": "■", "queued": "·"}
ENDED = ("completed", "failed", "canceled")


@dataclass
class Line:
    """One job."""

    role: str
    step: str
    task: str = ""
    round: int = 1
    attempt: int = 1
    status: str = "queued"
    message: str = ""
    began: float = 0.0
    took_s: float | None = None

    @property
    def ended(self) -> bool:
        return self.status in ENDED

    @property
    def what(self) -> str:
        """The piece of work in words: `code task-001, round 2`."""
        words = f"{self.step.partition('.')[2]} {self.task}".strip()
        more = [f"round {self.round}"] * (self.round > 1) + [f"attempt {self.attempt}"] * (self.attempt > 1)
        return ", ".join([words, *more])

    @property
    def seconds(self) -> float:
        return self.took_s if self.took_s is not None else (time.monotonic() - self.began if self.began else 0.0)


def describe(line: Line) -> str:
    """The plain line of an ended job."""
    said = f"  {line.message}" if line.message else ""
    return f"{line.role:<10}  {line.what:<24}  {line.status:<9}  {line.seconds:5.1f} s{said}"


@dataclass
class Board:
    """Every job seen so far, in the order in which they began. rich draws it anew ten times a second."""

    lines: dict[int, Line] = field(default_factory=dict)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from rich.spinner import Spinner
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
        for line in self.lines.values():
            style = STYLES.get(line.status, "")
            mark = (
                Spinner("dots", style="cyan") if line.status == "running" else Text(MARKS.get(line.status, ""), style)
            )
            said = Text(line.message.splitlines()[0] if line.message else "", "dim", overflow="ellipsis", no_wrap=True)
            table.add_row(mark, line.role, line.what, Text(line.status, style), f"{line.seconds:5.1f} s", said)
        yield table
