"""The verb `hive report`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hive.cli import show
from hive.cli.remote.api import Api

SIGNS = {"passed": "✓", "failed": "✗", "not run": "–"}


def report(
    run: Annotated[int, typer.Argument(help="Number of the run.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show what was asked for: per requirement its task, test, commit and result.

    Exits with 1 where something failed, or nobody has tried it.
    """
    found = Api().get(f"runs/{run}/report")
    if as_json:
        show.as_json(found)
    else:
        typer.echo(f"Run {run} {found['status']}" + (f": {found['message']}" if found["message"] else ""))
        show.table(("", "requirement", "task", "test", "commit"), [_row(line) for line in found["lines"]])
        for line in found["lines"]:
            if line["result"] == "failed" and line["message"]:
                typer.echo(f"  ✗ {line['task'] or 'site'}: {line['message']}")
    if not found["lines"] or any(line["result"] != "passed" for line in found["lines"]):
        raise typer.Exit(1)


def _row(line: Any) -> tuple[str, ...]:
    asked = f"{line['id']} {line['requirement']}".strip()
    return SIGNS[line["result"]], asked, line["task"] or "–", line["test"] or "–", line["commit"][:12] or "–"
