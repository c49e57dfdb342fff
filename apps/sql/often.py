"""execute_often(): a statement whose text is always the same, so that a database that can may plan it once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection


def execute_often(cursor: Any, sql: str, params: Sequence[Any]) -> None:
    """As `cursor.execute()` of this connection. Values are parameters and never part of the text, which is kept."""
    often = getattr(connection, "execute_often", None)
    if often is None:
        cursor.execute(sql, params)
    else:
        often(cursor, sql, params)
