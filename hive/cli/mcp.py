"""The verbs `hive mcp list`, `add`, `check` and `remove`."""

from __future__ import annotations

import shlex
from typing import Annotated, Any

import typer

from hive.cli import show
from hive.cli.failure import Failure
from hive.cli.remote.api import Api
from hive.cli.remote.projects import path_of

mcp = typer.Typer(help="Tools of MCP servers for the models of a project's jobs.", no_args_is_help=True)

ProjectName = Annotated[str, typer.Argument(metavar="PROJECT", help="The project's slug.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="The server's name.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Tools = Annotated[list[str] | None, typer.Option(metavar="TOOL", show_default=False)]


@mcp.command("list")
def list_servers(project: ProjectName, as_json: Json = False) -> None:
    """Show the project's servers."""
    api = Api()
    servers = list(api.pages(_path(api, project)))
    if as_json:
        show.as_json({"servers": servers})
        return
    rows = [
        (one["name"], one["url"] or shlex.join(one["command"]), one["policy"], "" if one["enabled"] else "off")
        for one in servers
    ]
    show.table(("server", "where", "policy", ""), rows)


@mcp.command()
def add(  # noqa: PLR0913 - one option each for what a server is
    project: ProjectName,
    name: Name,
    command: Annotated[list[str] | None, typer.Argument(help="What runs in the sandbox, after --.")] = None,
    url: Annotated[str, typer.Option(help="Where Hive asks it.", show_default=False)] = "",
    header: Annotated[list[str] | None, typer.Option(metavar="NAME:VALUE", help="${SECRET} names a secret.")] = None,
    env: Annotated[list[str] | None, typer.Option(metavar="NAME=VALUE", help="For the command; no secrets.")] = None,
    policy: Annotated[str, typer.Option(help="Of its tools: allow, gate or deny.")] = "gate",
    allow: Tools = None,
    gate: Tools = None,
    deny: Tools = None,
    planning: Tools = None,
    timeout: Annotated[int, typer.Option(help="Seconds that one call may take.", min=1)] = 60,
    off: Annotated[bool, typer.Option("--off", help="No job uses it.")] = False,
) -> None:
    """Give the project a server, or make the one of this name so: what is left out is as if it had never been said."""
    named = {"allow": allow or [], "gate": gate or [], "deny": deny or []}
    body: dict[str, Any] = {
        "command": command or [],
        "env": _pairs(env, "=", "--env"),
        "url": url,
        "headers": _pairs(header, ":", "--header"),
        "policy": policy,
        "tools": {tool: rule for rule, tools in named.items() for tool in tools},
        "planning": planning or [],
        "timeout_s": timeout,
        "enabled": not off,
    }
    api = Api()
    made = api.put(f"{_path(api, project)}/{name}", body)
    typer.echo(f"{made['name']} is set. Jobs that begin later use it.")


@mcp.command()
def check(project: ProjectName, name: Name, as_json: Json = False) -> None:
    """Ask the server now what it offers. Exits with 1 where it does not answer."""
    api = Api()
    looked = api.post(f"{_path(api, project)}/{name}/check")
    if as_json:
        show.as_json(looked)
    else:
        typer.echo(looked["message"])
        rows = [
            (one["name"], one["policy"], "while planning" if one["planning"] else "", one["description"])
            for one in looked["tools"]
        ]
        if rows:
            show.table(("tool", "policy", "", ""), rows)
    if looked["ok"] is False:
        raise typer.Exit(1)


@mcp.command()
def remove(project: ProjectName, name: Name) -> None:
    """Take the server away."""
    api = Api()
    api.delete(f"{_path(api, project)}/{name}")
    typer.echo(f"{name} is removed.")


def _pairs(given: list[str] | None, between: str, option: str) -> dict[str, str]:
    found = {}
    for one in given or []:
        name, mark, value = one.partition(between)
        if not mark:
            raise Failure(f"{option}: write NAME{between}VALUE.")
        found[name.strip()] = value.strip()
    return found


def _path(api: Api, project: str) -> str:
    return f"{path_of(api, project)}/mcp-servers"
