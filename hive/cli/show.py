"""How a verb shows its answer: a table for a person, plain lines for a pipe, JSON for a program."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

import typer

COLOURS = {"ok": "green", "running": "green", "ready": "green", "done": "green", "fail": "red", "restarting": "red"}


def as_json(answer: object) -> None:
    """One JSON object on one line."""
    typer.echo(json.dumps(answer, default=str))


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns with a heading on a terminal; in a pipe one line per row, its cells separated by tabs."""
    if not sys.stdout.isatty():
        for row in rows:
            typer.echo("\t".join(cell.replace("\n", " ") for cell in row))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(*columns, box=None, header_style="dim", pad_edge=False, padding=(0, 2, 0, 0))
    for row in rows:
        drawn.add_row(*(Text(cell, style=COLOURS.get(cell, "yellow" if cell == "warn" else "")) for cell in row))
    Console(highlight=False).print(drawn)


def size(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:.0f} MB"


def duration(duration_s: float) -> str:
    """Two figures at most: 5 s, 3 min 20 s, 2 h 5 min, 4 d 1 h."""
    units = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))
    left = int(duration_s)
    parts: list[str] = []
    for name, length in units:
        count, left = divmod(left, length)
        if count or parts or name == "s":
            parts.append(f"{count} {name}")
    return " ".join(parts[:2])
