"""The verbs `hive ci check` and `hive ci submit`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from hive.cli import show
from hive.cli.failure import Failure

ci = typer.Typer(help="Run job files of pipelines.", no_args_is_help=True)

JobFile = Annotated[
    str, typer.Argument(metavar="FILE", help="The job file, such as .hive-ci.yaml.", show_default=False)
]


@ci.command()
def check(
    file: JobFile, as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False
) -> None:
    """Say whether a file is a job file, and if not, everything that is wrong with it.

    Exits with 0 when it is valid, with 2 when it is not.
    """
    from dataclasses import asdict

    from apps.ci.definition.check import MAX_BYTES
    from apps.ci.definition.check import check as check_text

    try:
        with Path(file).open("rb") as opened:
            checked = check_text(opened.read(MAX_BYTES + 1))
    except OSError as error:
        raise Failure(f"{file}: {error.strerror}.") from None
    if as_json:
        show.as_json({"valid": checked.ok, "problems": [asdict(problem) for problem in checked.problems]})
    elif checked.ok:
        count = len(checked.cells)
        typer.echo(f"{file} is valid: {checked.first.name} ({count} job{'s' if count > 1 else ''}).")
    for problem in [] if as_json else checked.problems:
        typer.echo(f"{file}:{problem.line}:{problem.column}: {problem.message} {problem.hint}".rstrip(), err=True)
    raise typer.Exit(0 if checked.ok else 2)


@ci.command()
def submit(
    file: JobFile,
    package: Annotated[str, typer.Option(help="Folder to pack and send.", show_default="none")] = "",
    package_url: Annotated[str, typer.Option(help="Address of a package instead.", show_default="none")] = "",
    project: Annotated[str, typer.Option(help="Project. Not needed with a key bound to one.", show_default="")] = "",
    follow: Annotated[
        bool, typer.Option("-f", "--follow", help="Show its output, and return when it has ended.")
    ] = False,
    artifacts: Annotated[str, typer.Option(help="Folder for its artifacts; follows too.", show_default="none")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print its status as one JSON object.")] = False,
) -> None:
    """Send a job file and a package to Hive, and follow the job.

    With --follow it exits with the job's own code: 0 completed, 3 canceled; 2 is for what could not be sent. Ctrl-C
    cancels the job. What .gitignore and .hiveignore name is not packed.
    """
    from hive.ci.client import CannotAsk, Client
    from hive.ci.job import Wish
    from hive.ci.job import submit as send
    from hive.ci.pack import CannotPack
    from hive.cli.remote import address

    if package and package_url:
        raise Failure("Name a folder (--package) or an address (--package-url), not both.")
    found = address.find()
    wish = Wish(Path(file), Path(package) if package else None, project, package_url)
    try:
        client = Client(found.url, found.key)
        status = send(client, wish, _say)
        _say(f"CI job {status['id']}: {status['page']}")
        code = 0
        if follow or artifacts:
            status, code = _follow(client, status, artifacts, quiet=as_json)
    except (CannotAsk, CannotPack) as error:
        raise Failure(str(error)) from None
    except OSError as error:
        raise Failure(f"{error.filename or file}: {error.strerror}.") from None
    if as_json:
        show.as_json(status)
    raise typer.Exit(code)


def _follow(client: Any, status: Any, artifacts: str, *, quiet: bool) -> tuple[Any, int]:
    from hive.ci.artifacts import BadName, fetch_all
    from hive.ci.follow import exit_code, sentence
    from hive.ci.follow import follow as follow_job
    from hive.ci.job import interruptible

    def write(text: str) -> None:
        sys.stdout.write("" if quiet else text)
        sys.stdout.flush()

    with _canceling(client, status["id"]), interruptible():
        status = follow_job(client, status, write, _say)
        try:
            for name in fetch_all(client, status, Path(artifacts)) if artifacts else ():
                _say(f"Fetched {Path(artifacts) / name}")
        except BadName as error:
            raise Failure(str(error)) from None
    _say(sentence(status))
    return status, exit_code(status)


@contextmanager
def _canceling(client: Any, job: int) -> Iterator[None]:
    """Ctrl-C: ask on a terminal, else cancel. Ctrl-C again leaves the job alone."""
    from hive.ci.job import Stopped, cancel

    try:
        yield
    except Stopped as stopped:
        if (
            sys.stdin.isatty()
            and str(stopped) == "SIGINT"
            and not typer.confirm(f"\nCancel CI job {job}?", default=True)
        ):
            _say(f"CI job {job} goes on.")
        else:
            _say(cancel(client, job))
        raise typer.Exit(130) from None


def _say(text: str) -> None:
    typer.echo(text, err=True)
