"""The PostgreSQL that records move to: reached, looked at, made ready."""

from __future__ import annotations

import hashlib
from typing import Any

from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import Error, connections
from django.db.migrations.executor import MigrationExecutor

from hive import env
from hive.cli.failure import Failure
from hive.home import Home
from hive.moving.tables import all_models
from hive.settings.database import from_url

SOURCE, TARGET = "default", "target"
MARK = "hive_move"  # a table of the target: which installation moved here, and when
MADE_BY_MIGRATIONS = (ContentType, Permission, Group)


def connect(url: str, home: Home) -> None:
    """Make the address known as the database TARGET, and see that it answers."""
    try:
        wanted = from_url(url, home)
    except env.BadSetting:
        raise Failure(f"--to {_without_password(url)}: use postgresql://user:password@host/name.") from None
    if "sqlite" in wanted["ENGINE"]:
        raise Failure("--to: name the PostgreSQL to move to, as postgresql://user:password@host/name.")
    known = connections.configure_settings({SOURCE: connections.databases[SOURCE], TARGET: wanted})
    connections.databases[TARGET] = known[TARGET]
    try:
        with connections[TARGET].cursor() as cursor:  # one long transaction, each table of which is one statement
            cursor.execute("SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0")
    except Error as error:
        raise Failure(f"The database at {_without_password(url)} does not answer: {str(error).strip()}") from None


def mark_of(home: Home) -> str:
    """What tells this installation from another."""
    return hashlib.sha256(home.read_secret_key().encode()).hexdigest()[:32]


def moved_before(mark: str) -> bool:
    """Whether this installation's records are there, as a whole. Raises Failure where another's are."""
    with connections[TARGET].cursor() as cursor:
        if MARK not in connections[TARGET].introspection.table_names(cursor):
            return False
        cursor.execute(f"SELECT mark, at FROM {MARK}")  # noqa: S608 - a name of ours
        found = cursor.fetchone()
    if found[0] != mark:
        raise Failure(f"Another installation's records moved to this database on {found[1]:%Y-%m-%d}. Name another.")
    return True


def refuse_foreign_data() -> None:
    """The database may be empty, or hold Hive's tables without a record. Raises Failure where there is anything."""
    connection = connections[TARGET]
    with connection.cursor() as cursor:
        present = set(connection.introspection.table_names(cursor))
        ours = {model._meta.db_table for model in all_models()} | {"django_migrations"}
        if foreign := sorted(present - ours):
            names = ", ".join(foreign[:5])
            raise Failure(f"The database holds tables that are not Hive's ({names}). Name an empty one.")
        for model in all_models():
            table = model._meta.db_table
            if table in present and model not in MADE_BY_MIGRATIONS:
                cursor.execute(f"SELECT 1 FROM {connection.ops.quote_name(table)} LIMIT 1")  # noqa: S608 - as above
                if cursor.fetchone():
                    raise Failure(f"The database holds records already ({table} is not empty). Name an empty one.")


def require_current(database: str) -> None:
    """Raises Failure where the source is of another version of Hive."""
    executor = MigrationExecutor(connections[database])
    loader = executor.loader
    known = set(loader.disk_migrations or ())
    newer = {key for key in loader.applied_migrations or () if key not in known and key[0] in loader.migrated_apps}
    if newer or executor.migration_plan(loader.graph.leaf_nodes()):
        raise Failure(
            "The records were written by another version of Hive. Start this version once (`hive up`), stop it "
            "(`hive down`), then move."
        )


def make_tables() -> None:
    call_command("migrate", database=TARGET, verbosity=0, interactive=False)


def write_mark(cursor: Any, mark: str) -> None:
    """In the transaction that carries the rows: the mark is there when they are, and not before."""
    cursor.execute(f"CREATE TABLE {MARK} (mark text NOT NULL, at timestamptz NOT NULL DEFAULT now())")
    cursor.execute(f"INSERT INTO {MARK} (mark) VALUES (%s)", [mark])  # noqa: S608 - a name of ours


def _without_password(url: str) -> str:
    from urllib.parse import urlsplit, urlunsplit

    parts = urlsplit(url)
    shown = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=shown, query=""))
