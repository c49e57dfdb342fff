"""What tests ask of the database that they run on, be it SQLite or (HIVE_TEST_DATABASE) PostgreSQL."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg2
from django.db import connection


def plan_of(sql: str, params: Sequence[Any]) -> str:
    """How the database would find the rows. PostgreSQL scans a table of a few rows whatever its indexes: not here."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
            return "\n".join(row[3] for row in cursor.fetchall())
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {sql}", params)
        found = "\n".join(row[0] for row in cursor.fetchall())
        cursor.execute("SET LOCAL enable_seqscan = on")
        return found


@contextmanager
def own_database() -> Iterator[str]:
    """For HIVE_DATABASE_URL of processes with several connections: a new database of the kind that is tested."""
    server = os.environ.get("HIVE_TEST_DATABASE", "")
    if not server:
        yield ""  # SQLite, in their HIVE_HOME
        return
    name = f"own_{secrets.token_hex(6)}"
    administer(f'CREATE DATABASE "{name}"')
    try:
        yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
    finally:
        administer(f'DROP DATABASE "{name}" WITH (FORCE)')


def end_other_sessions() -> None:
    """Of the database that is tested, but for this thread's own."""
    if connection.vendor == "postgresql":
        others = "datname = current_database() AND pid <> pg_backend_pid()"
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")


def administer(statement: str) -> list[tuple[Any, ...]]:
    """Run one statement on a session of its own, outside of every transaction; its rows, where it gives any."""
    server = urlsplit(os.environ["HIVE_TEST_DATABASE"])
    with closing(psycopg2.connect(urlunsplit(server._replace(path="/postgres")))) as session:
        session.autocommit = True
        cursor = session.cursor()
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []
