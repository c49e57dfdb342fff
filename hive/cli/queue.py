"""The verbs `hive queue list`, `pause` and `resume`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hive.cli import show, spans
from hive.cli.remote.api import Api

queue = typer.Typer(help="See what waits in each queue; pause one, and let it go on.", no_args_is_help=True)

Role = Annotated[str, typer.Argument(help="manager, coding, testing, deployment or monitoring.")]


@queue.command("list")
def list_queues(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """Show what is due in each queue, what runs, who works, and what is paused."""
    found = list(Api().pages("admin/queues"))
    if as_json:
        show.as_json({"queues": found})
        return
    rows = [
        (one["role"], *(str(one[name]) for name in ("due", "running")), _workers(one), _state(one)) for one in found
    ]
    show.table(("queue", "due", "running", "workers", "state"), rows)


def _workers(one: dict[str, Any]) -> str:
    return ", ".join(one["workers"]) or "nobody"


def _state(one: dict[str, Any]) -> str:
    if not one["paused"]:
        return "open"
    by = f" by {one['paused_by']}" if one["paused_by"] else ""
    until = f", until {one['until']}" if one["until"] else ""
    why = f": {one['reason']}" if one["reason"] else ""
    return f"paused since {one['paused_at']}{by}{until}{why}"


@queue.command()
def pause(
    role: Role,
    reason: Annotated[str, typer.Option(help="Why, for the others.", show_default=False)] = "",
    span: Annotated[str, typer.Option("--for", help="It goes on by itself after so long: 30m, 2h.")] = "",
) -> None:
    """Let no job of this role begin. What is running goes on; what waits is kept."""
    body = {"reason": reason, **({"until": spans.ahead(span)} if span else {})}
    paused = Api().post(f"admin/queues/{role}/pause", body)
    typer.echo(f"The queue {role} is {_state(paused)}. {paused['due']} due, {paused['running']} running.")


@queue.command()
def resume(role: Role) -> None:
    """Let the queue go on; what waited is sent again."""
    resumed = Api().post(f"admin/queues/{role}/resume")
    typer.echo(f"The queue {role} goes on; {resumed['due']} waited.")
