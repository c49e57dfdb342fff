"""The verb `hive approve`."""

from __future__ import annotations

from typing import Annotated

import typer

from hive.cli import show
from hive.cli.remote.api import Api


def approve(
    gate: Annotated[int, typer.Argument(help="Number of the gate; without one, the gates that wait.")] = 0,
    reject: Annotated[bool, typer.Option("--reject", help="Reject it: the run ends as failed.")] = False,
    message: Annotated[str, typer.Option("-m", "--message", help="Why.", show_default=False)] = "",
) -> None:
    """Approve a gate, or reject it."""
    api = Api()
    if not gate:
        rows = [
            (str(one["id"]), one["name"], str(one["run"]), one["opened_at"])
            for one in api.pages("gates", status="pending")
        ]
        if rows:
            show.table(("gate", "name", "run", "since"), rows)
        else:
            typer.echo("No gate waits.")
        return
    verb = "reject" if reject else "approve"
    decided = api.post(f"gates/{gate}/{verb}", {"message": message})
    typer.echo(f"Gate {gate} ({decided['name']} of run {decided['run']}) is {decided['status']}.")
