"""The verbs `hive worker list`, `drain` and `resume`."""

from __future__ import annotations

import time
from difflib import get_close_matches
from typing import Annotated, Any

import typer

from hive.cli import show
from hive.cli.failure import Failure
from hive.cli.remote.api import Api

worker = typer.Typer(help="See the workers; drain one, and let it work again; run one.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="As `hive worker list` shows it, such as build@machine.")]
LOOK_S = 1.0


@worker.command("list")
def list_workers(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """Show the workers: queues, machine, process, what each does, whether it is drained."""
    found = list(Api().pages("admin/workers"))
    if as_json:
        show.as_json({"workers": found})
        return
    rows = [
        (
            one["name"],
            one["state"],
            ", ".join(one["queues"]),
            f"{len(one['jobs'])} of {one['processes']}",
            ", ".join(map(str, one["jobs"])),
            f"{one['machine']}/{one['pid']}",
            one["seen_at"],
        )
        for one in found
    ]
    if rows:
        show.table(("worker", "state", "queues", "busy", "jobs", "process", "seen"), rows)
    else:
        typer.echo("No worker has been seen.")


@worker.command()
def drain(
    name: Name, wait: Annotated[bool, typer.Option("--wait", help="Return when it does nothing any more.")] = False
) -> None:
    """Have a worker finish what it does and take no more, also after a restart."""
    api = Api()
    drained = api.post(f"admin/workers/{_find(api, name)['id']}/drain")
    typer.echo(f"{name} takes no more; it is {_doing(drained)}.")
    if drained["left_without"]:
        typer.echo(f"Nobody else takes from: {', '.join(drained['left_without'])}.", err=True)
    while wait and drained["state"] == "draining":
        time.sleep(LOOK_S)
        drained = _find(api, name)
        if drained["state"] != "draining":
            typer.echo(f"{name} is {drained['state']}.")


@worker.command()
def resume(name: Name) -> None:
    """Let a drained worker take jobs again."""
    api = Api()
    api.post(f"admin/workers/{_find(api, name)['id']}/resume")
    typer.echo(f"{name} takes jobs again, within ten seconds.")


def _find(api: Api, name: str) -> dict[str, Any]:
    found = {one["name"]: one for one in api.pages("admin/workers")}
    if name not in found:
        near = get_close_matches(name, found, n=1)
        meant = f" Did you mean {near[0]}?" if near else ""
        raise Failure(f"There is no worker {name!r}.{meant} See `hive worker list`.")
    return found[name]


def _doing(one: dict[str, Any]) -> str:
    jobs = one["jobs"]
    return f"finishing {len(jobs)} jobs ({', '.join(map(str, jobs))})" if jobs else one["state"]
