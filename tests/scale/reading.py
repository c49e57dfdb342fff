"""How many rows the database touches for a statement: by its plan, as it was carried out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction


@dataclass(frozen=True)
class Statement:
    sql: str
    params: Any


@dataclass(frozen=True)
class Reading:
    """`scanned` names the tables that are read from end to end."""

    rows: int
    scanned: frozenset[str]
    plan: str


@contextmanager
def statements() -> Iterator[list[Statement]]:
    """Every SELECT and UPDATE that this thread sends, those that are prepared included."""
    sent: list[Statement] = []

    def wrapper(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.lstrip().upper().startswith(("SELECT", "UPDATE", "DELETE", "WITH", "EXECUTE")):
            sent.append(Statement(sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(wrapper):
        yield sent


def read(statement: Statement) -> Reading:
    """Do it once more, and count; what it writes is undone."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON, TIMING OFF) {statement.sql}", statement.params)
        found = cursor.fetchone()[0]
        transaction.set_rollback(True)
    plan = (json.loads(found) if isinstance(found, str) else found)[0]["Plan"]
    nodes = list(_nodes(plan))
    scans = [node for node in nodes if "Relation Name" in node or node["Node Type"] == "Bitmap Index Scan"]
    return Reading(
        rows=sum(_touched(node) for node in scans),
        scanned=frozenset(node["Relation Name"] for node in nodes if node["Node Type"] == "Seq Scan"),
        plan=json.dumps(plan, indent=1),
    )


def _touched(node: dict[str, Any]) -> int:
    kept_and_dropped = ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck")
    return int(sum(node.get(name, 0) for name in kept_and_dropped) * node["Actual Loops"])


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for inner in node.get("Plans", ()):
        yield from _nodes(inner)
