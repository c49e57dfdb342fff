"""The verbs `hive memory list`, `search`, `add`, `forget`, `export` and `erase`."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from hive.cli import show
from hive.cli.remote.api import Api
from hive.cli.remote.projects import path_of

memory = typer.Typer(help="What a project remembers from one run to the next.", no_args_is_help=True)

ProjectName = Annotated[str, typer.Argument(metavar="PROJECT", help="The project's slug.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@memory.command("list")
def list_notes(project: ProjectName, as_json: Json = False) -> None:
    """Show the project's notes, the newest first."""
    api = Api()
    _show(list(api.pages(_path(api, project))), as_json)


@memory.command()
def search(
    project: ProjectName, words: Annotated[str, typer.Argument(help="What to look for.")], as_json: Json = False
) -> None:
    """Show the notes that have these words, the best first."""
    api = Api()
    _show(list(api.pages(_path(api, project), q=words)), as_json)


@memory.command()
def add(
    project: ProjectName,
    text: Annotated[str, typer.Argument(help="What later jobs should know.")],
    days: Annotated[int | None, typer.Option(help="Keep it for so many days.", min=1, show_default=False)] = None,
) -> None:
    """Add a note."""
    api = Api()
    note = api.post(_path(api, project), {"text": text, "days": days})
    typer.echo(f"Note {note['id']} of {project}.")


@memory.command()
def forget(project: ProjectName, note: Annotated[int, typer.Argument(help="The note's number.")]) -> None:
    """Erase one note for good."""
    api = Api()
    api.post(f"{_path(api, project)}/{note}/forget")
    typer.echo(f"Note {note} is forgotten.")


@memory.command()
def export(project: ProjectName) -> None:
    """Print all notes: one JSON object a line, the oldest first."""
    api = Api()
    for data in api.text(f"{_path(api, project)}/export"):
        sys.stdout.buffer.write(data)


@memory.command()
def erase(project: ProjectName, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> None:
    """Erase all notes of the project for good."""
    if not yes:
        typer.confirm(f"Erase everything that {project} remembers?", abort=True)
    api = Api()
    typer.echo(f"Erased: {api.post(f'{_path(api, project)}/erase')['forgotten']} notes.")


def _path(api: Api, project: str) -> str:
    return f"{path_of(api, project)}/memory"


def _show(notes: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        show.as_json({"notes": notes})
        return
    rows = [(str(note["id"]), note["written_at"][:10], note["author"], note["text"]) for note in notes]
    show.table(("note", "written", "author", "text"), rows)
