"""The verbs `hive spec validate` and `hive spec schema`: no server is needed, and Django is not loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hive.cli import show
from hive.cli.failure import Failure

spec = typer.Typer(help="Check specs.", no_args_is_help=True)


@spec.command()
def validate(
    file: Annotated[str, typer.Argument(help="File with a spec.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say whether a file is a spec, and if not, everything that is wrong with it.

    Exits with 0 when it is valid, with 2 when it is not.
    """
    from dataclasses import asdict

    from apps.specs.validate import check_file

    try:
        checked = check_file(Path(file))
    except OSError as error:
        raise Failure(f"{file}: {error.strerror}.") from None
    if as_json:
        show.as_json({"valid": checked.ok, "problems": [asdict(problem) for problem in checked.problems]})
    elif checked.spec:
        count = len(checked.spec.tasks)
        typer.echo(f"{file} is valid: {checked.spec.title} ({count} task{'s' if count > 1 else ''}).")
    else:
        for problem in checked.problems:
            typer.echo(f"{file}:{problem.line}:{problem.column}: {problem.message} {problem.hint}".rstrip(), err=True)
    raise typer.Exit(0 if checked.ok else 2)


@spec.command()
def schema() -> None:
    """Print the JSON Schema of a spec, for editors."""
    import json

    from apps.specs.schema import Spec

    typer.echo(json.dumps(Spec.model_json_schema(by_alias=True), indent=2))
