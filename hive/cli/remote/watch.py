"""Follow a run on the terminal: a line per job with spinner, role and time, then how it ended, then the evidence."""

from __future__ import annotations

import sys
import time
from typing import Any

import typer

from hive.cli.remote import report
from hive.cli.remote.api import Api, Message
from hive.cli.remote.progress import Board, Line, describe

QUIET_TYPES = ("check", "test_run", "gate", "error")


def follow(api: Api, run_id: int) -> Any:
    """Show the run until it has ended; returns it as it is then."""
    board = Board()
    if sys.stdout.isatty():
        _live(api, run_id, board)
    else:
        _plain(api, run_id, board)
    run = api.get(f"runs/{run_id}")
    typer.echo(report.text(api, run), color=None)
    return run


def _plain(api: Api, run_id: int, board: Board) -> None:
    """One line when something has ended: what a log wants."""
    for message in api.stream(f"runs/{run_id}/stream", until="end"):
        line = _note(api, board, message)
        if line is not None and line.ended:
            typer.echo(describe(line))
        elif note := _aside(message):
            typer.echo(note)


def _live(api: Api, run_id: int, board: Board) -> None:
    """A table that moves: what is running spins and counts."""
    from rich.console import Console
    from rich.live import Live

    console = Console(highlight=False)
    with Live(board, console=console, refresh_per_second=10, transient=False) as live:
        for message in api.stream(f"runs/{run_id}/stream", until="end"):
            _note(api, board, message)
            if note := _aside(message):
                live.console.print(note, style="dim", markup=False)


def _note(api: Api, board: Board, message: Message) -> Line | None:
    """Take a job's change into the board; what the event does not say is asked for once."""
    if message.event != "job" or "to" not in message.data["data"]:
        return None
    told = message.data["data"]
    line = board.lines.get(told["id"])
    if line is None:
        job = api.get(f"jobs/{told['id']}")
        line = board.lines[told["id"]] = Line(job["role"], job["step"], job["task"] or "", job["round"], job["attempt"])
    line.status = told["to"]
    line.message = told.get("message", "")
    if line.status == "running":
        line.began = time.monotonic()
    elif line.took_s is None and line.ended:
        line.took_s = time.monotonic() - line.began if line.began else 0.0
    return line


def _aside(message: Message) -> str:
    """What is worth a line of its own between the jobs."""
    data = (message.data or {}).get("data", {}) if message.event in QUIET_TYPES else {}
    if message.event == "gate" and data.get("to") == "pending":
        if questions := data.get("questions"):
            asked = "\n".join(f"    {number}. {text}" for number, text in enumerate(questions, 1))
            return f"  asks, and waits for `hive approve {data['id']}`:\n{asked}"
        return f"  waits at the gate {data['name']}: approve it with `hive approve {data['id']}`"
    if message.event == "error":
        return f"  {data.get('message', '')}"
    return ""
