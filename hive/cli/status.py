"""The verb `hive status`."""

from __future__ import annotations

import datetime
from typing import Annotated, Any

import typer

from hive import env
from hive.cli import processes, show
from hive.cli.readiness import Readiness, ask
from hive.cli.up import state
from hive.home import Home


def status(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """Show the parts of the Hive that runs on this home.

    Exits with 0 when it is ready, with 1 when it is not, or none runs.
    """
    home = Home(env.get("HIVE_HOME"))
    found = state.running(home)
    if found is None:
        if as_json:
            show.as_json({"state": "not running", "ready": False, "home": str(home.root)})
        else:
            typer.echo(f"No Hive runs on {home.root}. Start it with `hive up`.")
        raise typer.Exit(1)
    readiness = ask(found["url"])
    ready = readiness.ready and found["state"] == "ready"
    children = {name: _child(child) for name, child in found["children"].items()}
    own_bytes = processes.memory_bytes([found["pid"], found["supervisor"]])
    total_bytes = own_bytes + sum(child["memory_bytes"] for child in children.values())
    answer = {
        "state": found["state"],
        "ready": ready,
        "home": str(home.root),
        "url": found["url"],
        "pid": found["pid"],
        "started_at": found["started_at"],
        "memory_bytes": total_bytes,
        "supervisor": {"pid": found["supervisor"], "memory_bytes": own_bytes},
        "children": children,
        "readyz": readiness.as_dict(),
    }
    if as_json:
        show.as_json(answer)
    else:
        _print(answer, readiness)
    raise typer.Exit(0 if ready else 1)


def _child(child: state.ChildState) -> dict[str, Any]:
    """What the supervisor wrote, and what the kernel knows now: age and memory of the child with all below it."""
    pid = child["pid"]
    below = [pid, *(process.pid for process in processes.descendants(pid))] if pid else []
    return {
        **child,
        "uptime_s": _seconds_since(child["started_at"]),
        "processes": len(below),
        "memory_bytes": processes.memory_bytes(below),
    }


def _seconds_since(moment: str | None) -> float | None:
    if moment is None:
        return None
    return round((datetime.datetime.now(datetime.UTC) - datetime.datetime.fromisoformat(moment)).total_seconds(), 1)


def _print(answer: dict[str, Any], readiness: Readiness) -> None:
    total = show.size(answer["memory_bytes"])
    heading = "ready" if answer["ready"] else f"not ready ({answer['state']})"
    typer.echo(f"Hive on {answer['home']} is {heading} · {answer['url']} · process {answer['pid']} · {total}")
    rows = [_row(name, child) for name, child in answer["children"].items()]
    show.table(("part", "state", "pid", "up", "restarts", "memory", ""), rows)
    typer.echo(f"/readyz: {readiness.message} ({readiness.took_ms:.0f} ms)")
    parts = [
        (
            part.name,
            "ok" if part.ok else "fail",
            f"{part.latency_ms:.1f} ms" if part.latency_ms is not None else "",
            part.message,
        )
        for part in readiness.parts
    ]
    if parts:
        show.table(("answers", "", "latency", ""), parts)


def _row(name: str, child: dict[str, Any]) -> tuple[str, ...]:
    uptime = show.duration(child["uptime_s"]) if child["uptime_s"] is not None else ""
    note = child["ended"] if child["restarts"] else ""
    if child["again_at"]:
        note += f"; again in {max(0.0, -(_seconds_since(child['again_at']) or 0)):.0f} s"
    pid = str(child["pid"] or "")
    memory = show.size(child["memory_bytes"]) if child["pid"] else ""
    return name, child["state"], pid, uptime, str(child["restarts"]), memory, note
