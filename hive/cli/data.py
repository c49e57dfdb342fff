"""The verbs `hive data`: an embedded installation moves to PostgreSQL; artifacts are backed up, from any store."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from hive import env
from hive.cli import show
from hive.cli.failure import Failure
from hive.cli.up import lock
from hive.cli.up.state import lock_file
from hive.home import Home

data = typer.Typer(help="Move and back up what Hive knows.", no_args_is_help=True)


@data.callback()
def _data() -> None:
    """Move and back up what Hive knows."""


@data.command()
def move(
    to: Annotated[str, typer.Option("--to", help="postgresql://user:password@host/name: an empty database.")],
    store: Annotated[str, typer.Option(help="Another store for the artifacts too, as HIVE_STORE_URL names it.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Copy the records of HIVE_HOME from SQLite to PostgreSQL, compare them, and say what to set.

    Hive must not run meanwhile. Everything arrives, or nothing does; after a failure do it again. What is in HIVE_HOME
    stays as it was.
    """
    home = Home(env.get("HIVE_HOME"))
    if not home.database.exists():
        raise Failure(f"There are no records in {home.root}; set HIVE_HOME to the installation that is to move.")
    try:
        held = lock.acquire(lock_file(home))
    except lock.Taken:
        raise Failure(f"Hive runs on {home.root}. Stop it first: hive down.") from None
    except OSError as error:
        raise Failure(f"{home.root} cannot be locked: {error.strerror}.") from None
    try:
        answer = _move(home, to, store, quiet=as_json)
    finally:
        os.close(held)
    if as_json:
        show.as_json(answer)
        return
    typer.echo(_summary(home, answer, store))


@data.command("export-artifacts")
def export_artifacts() -> None:
    """Write the bytes of all artifacts to standard output, as a tar stream. Hive may run meanwhile.

    For a backup: copy the database first. `hive data import-artifacts` reads it.
    """
    if sys.stdout.isatty():
        raise Failure("A tar stream is no text for a terminal: hive data export-artifacts > artifacts.tar")
    with _artifacts() as (archive, store):
        done = archive.export_artifacts(store, sys.stdout.buffer)
        sys.stdout.buffer.flush()
    typer.echo(f"{done.written} artifacts written, {done.missing} without bytes.", err=True)


@data.command("import-artifacts")
def import_artifacts() -> None:
    """Read what `hive data export-artifacts` wrote from standard input, into the store of HIVE_STORE_URL.

    Restore the database first: only what a record tells of is taken, with its SHA-256. Can be done again.
    """
    with _artifacts() as (archive, store):
        done = archive.import_artifacts(store, sys.stdin.buffer)
    typer.echo(
        f"{done.stored} artifacts stored, {done.there} there before, {done.unknown} of which no record tells.", err=True
    )


@contextmanager
def _artifacts() -> Iterator[tuple[Any, Any]]:
    """The module that does it, and the store of this installation; what its servers refuse as sentences."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hive.settings")
    import django

    django.setup()
    from django.db import Error

    from apps.artifacts.store import StoreError, store
    from hive.moving import archive

    try:
        yield archive, store()
    except StoreError as error:
        raise Failure(f"The store: {error}. Nothing is half written; do it again.", 1) from None
    except Error as error:
        raise Failure(f"The records cannot be read ({str(error).strip()}).", 1) from None


def _move(home: Home, to: str, store: str, *, quiet: bool) -> dict[str, Any]:
    os.environ["DJANGO_SETTINGS_MODULE"] = "hive.settings"
    for name in ("HIVE_DATABASE_URL", "HIVE_DATABASE_URL_FILE"):  # may name the target already
        os.environ.pop(name, None)
    began = time.monotonic()
    import django

    django.setup()
    from django.db import Error

    from hive.moving import records, target

    target.require_current(target.SOURCE)
    target.connect(to, home)
    mark = target.mark_of(home)
    try:
        moved = None
        if not target.moved_before(mark):
            target.refuse_foreign_data()
            target.make_tables()
            moved = records.move_records(mark, None if quiet else _tell)
    except Error as error:
        sentence = f"The move broke off; nothing was kept. Move again. PostgreSQL said: {str(error).strip()}"
        raise Failure(sentence, 1) from None
    artifacts = _move_objects(store) if store else None
    return {
        "moved_before": moved is None,
        "rows": sum(found.rows for found in (moved or {}).values()),
        "tables": {table: {"rows": found.rows, "sha256": found.sha256} for table, found in (moved or {}).items()},
        "artifacts": artifacts,
        "seconds": round(time.monotonic() - began, 1),
    }


def _move_objects(url: str) -> dict[str, int]:
    from dataclasses import asdict

    from apps.artifacts.store import StoreError, open_store
    from apps.artifacts.store import store as here
    from hive.moving.objects import move_objects

    try:
        return asdict(move_objects(here(), open_store(url)))
    except (StoreError, ValueError) as error:
        raise Failure(f"The artifacts did not all arrive ({error}). Move again: what arrived stays.", 1) from None


def _tell(table: str, rows: int) -> None:
    if rows:
        print(f"{table}: {rows} rows, compared", file=sys.stderr)


def _summary(home: Home, answer: dict[str, Any], store: str) -> str:
    first = (
        "These records moved to this database before, as a whole; nothing was copied again."
        if answer["moved_before"]
        else f"{answer['rows']} rows of {len(answer['tables'])} tables moved in {answer['seconds']} s; counts and "
        "checksums agree."
    )
    objects = answer["artifacts"]
    lines = [first]
    if objects:
        lines.append(
            f"Artifacts: {objects['sent']} sent, {objects['there']} there before, {objects['missing']} without bytes."
        )
    settings = "HIVE_DATABASE_URL" + (" and HIVE_STORE_URL" if store else "")
    return "\n".join(
        [
            *lines,
            f"Now set {settings} to the address you named, keep HIVE_HOME={home.root} (its secret.key opens the "
            "secrets), and start Hive.",
            f"{home.database} stays as it was: remove it once you are content.",
        ]
    )
