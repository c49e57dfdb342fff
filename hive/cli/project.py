"""The verbs of `hive project`: make one from what is there already, fetch, push, look."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from hive.cli import show
from hive.cli.failure import Failure
from hive.cli.remote.api import Api

project = typer.Typer(help="Projects and their repositories.", no_args_is_help=True)

ADDRESS = ("https://", "http://", "ssh://", "file://")
Name = Annotated[str, typer.Argument(help="The project's name in addresses (its slug).", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@project.command("list")
def list_projects(as_json: AsJson = False) -> None:
    """List the projects that you may see."""
    rows = list(Api().pages("projects", page_size=100))
    if as_json:
        show.as_json({"projects": rows})
        return
    show.table(
        ("project", "branch", "origin"), [(one["slug"], one["default_branch"], one["origin_url"]) for one in rows]
    )


@project.command()
def create(
    slug: Name,
    source: Annotated[
        str,
        typer.Option("--from", help="A repository's address, or a tar.gz, zip or git bundle here.", show_default=False),
    ] = "",
    user: Annotated[str, typer.Option(help="Name for the repository's server.", show_default=False)] = "",
    password_file: Annotated[
        str,
        typer.Option(help="File with the password, token or ssh key; - for standard input.", show_default=False),
    ] = "",
    branch: Annotated[str, typer.Option(help="Branch to work from. Empty: the repository's own.")] = "",
    push: Annotated[str, typer.Option(help="`default`: runs go to that branch, too. Else to their own only.")] = "",
    as_json: AsJson = False,
) -> None:
    """Make a project: empty, of a repository that lies elsewhere, or of an upload.

    A password is read from a file or standard input, so that no list of processes shows it.
    """
    api = Api()
    is_address = source.startswith(ADDRESS) or ("@" in source and ":" in source and not Path(source).exists())
    if source and not is_address and not Path(source).is_file():
        raise Failure(f"{source} is neither an address ({', '.join(ADDRESS)}) nor a file here.")
    password = _password(password_file) if password_file else ""
    made = api.post("projects", {"slug": slug})
    more: Any = {}
    if is_address:
        fields = {"url": source, "user": user, "password": password, "branch": branch, "push": push}
        api.put(f"projects/{made['id']}/origin", {name: value for name, value in fields.items() if value})
        more = {"run": api.post(f"projects/{made['id']}/fetch")["id"]}
    elif source:
        more = _upload(api, made["id"], Path(source))
    if as_json:
        show.as_json({**made, **more})
        return
    typer.echo(f"Project {slug} is made." + (f" Run {more['run']} fetches it." if "run" in more else ""))
    for note in more.get("notes", []):
        typer.echo(note)


@project.command()
def fetch(slug: Name) -> None:
    """Bring Hive's copy of a project up to date with its origin."""
    api = Api()
    run = api.post(f"projects/{_find(api, slug)['id']}/fetch")
    typer.echo(f"Run {run['id']} fetches {slug}: {api.address.url}/runs/{run['id']}")


@project.command()
def push(
    slug: Name, branch: Annotated[str, typer.Argument(help="A branch of Hive's copy.", show_default=False)]
) -> None:
    """Push a branch to the project's origin; forward only, and never over somebody else's commits."""
    api = Api()
    run = api.post(f"projects/{_find(api, slug)['id']}/push", {"branch": branch})
    typer.echo(f"Run {run['id']} pushes {branch}: {api.address.url}/runs/{run['id']}")


@project.command()
def branches(slug: Name, as_json: AsJson = False) -> None:
    """List the branches of a project, those of its origin as they were last fetched."""
    api = Api()
    found = api.get(f"projects/{_find(api, slug)['id']}/branches")
    if as_json:
        show.as_json(found)
        return
    rows = [(one["name"], one["commit"][:12], one["at"], one["subject"]) for one in found["results"]]
    show.table(("branch", "commit", "since", ""), rows)


@project.command()
def upload(
    slug: Name, file: Annotated[str, typer.Argument(help="A tar.gz, zip or git bundle.", show_default=False)]
) -> None:
    """Replace the files of a project's branch with those of an archive, or bring a bundle's branches."""
    api = Api()
    if not Path(file).is_file():
        raise Failure(f"{file}: there is no such file.")
    taken = _upload(api, _find(api, slug)["id"], Path(file))
    typer.echo(f"{taken['branch']} is at {taken['commit'][:12]}.")
    for note in taken["notes"]:
        typer.echo(note)


def _find(api: Api, slug: str) -> Any:
    found = api.get("projects", slug=slug)["results"]
    if len(found) != 1:
        raise Failure(f"There is no project {slug}." if not found else f"Several organisations have a project {slug}.")
    return found[0]


def _upload(api: Api, project_id: int, file: Path) -> Any:
    link = api.post(f"projects/{project_id}/upload")
    if file.stat().st_size > link["limit_bytes"]:
        raise Failure(f"{file} has more than the {link['limit_bytes']:,} bytes that Hive takes (HIVE_GIT_LIMIT_MB).")
    with file.open("rb") as content:
        return api.send(link["url"], content)


def _password(name: str) -> str:
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise Failure(f"{name} cannot be read: {getattr(error, 'strerror', None) or 'it is not a text'}.") from None
    return text if "PRIVATE KEY" in text else text.strip()
