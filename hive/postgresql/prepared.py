"""Prepared: statements that a session has parsed and planned once, and executes by name from then on.

PostgreSQL parses and plans each statement anew, which for those of one row takes two to five times as long as doing
what they say. psycopg2 knows no prepared statements, but SQL does: PREPARE and EXECUTE. PostgreSQL makes plans for the
very values at the first five executions, and keeps a general one if that is as good; it plans again when a table or its
statistics change.
"""

from __future__ import annotations

import itertools
import logging
import re
from collections.abc import Sequence
from typing import Any

import psycopg2
from psycopg2 import errors
from psycopg2.extensions import TRANSACTION_STATUS_IDLE, TRANSACTION_STATUS_INTRANS

logger = logging.getLogger(__name__)

AFTER = 2  # a session that does something twice will do it again
MOST = 200  # texts per session: each has a plan in the server's memory
LOST = (errors.InvalidSqlStatementName, errors.DuplicatePreparedStatement)
_unfit: set[str] = set()  # of this process: what the server cannot prepare, such as a parameter of no known type
_off = False


class Prepared:
    """Those of one session. It is no longer of use when the session is not."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self._seen: dict[str, int] = {}
        self._names: dict[str, str] = {}
        self._numbers = itertools.count(1)

    def execute(self, cursor: Any, sql: str, params: Sequence[Any]) -> None:
        """`cursor`: Django's, so that errors and captured queries are as usual. Raises what it raises."""
        name = self._names.get(sql) or self._prepared(sql)
        if name is None:
            cursor.execute(sql, params)
            return
        places = f"({', '.join(['%s'] * len(params))})" if params else ""
        try:
            cursor.execute(f"EXECUTE {name}{places}", params)
        except Exception as error:
            self._forget(error.__cause__)
            raise

    def _prepared(self, sql: str) -> str | None:
        """Its name, once it was executed often enough."""
        if len(self._seen) > 10 * MOST:
            self._seen.clear()
        seen = self._seen[sql] = self._seen.get(sql, 0) + 1
        if _off or seen <= AFTER or sql in _unfit or len(self._names) >= MOST:
            return None
        name = f"hive_{next(self._numbers)}"
        try:
            prepared = self._prepare(name, sql)
        except psycopg2.ProgrammingError as error:
            _unfit.add(sql)
            logger.warning("action=prepare a statement cannot be prepared, and is planned each time: %s %s", error, sql)
            return None
        if prepared:
            self._names[sql] = name
        return name if prepared else None

    def _prepare(self, name: str, sql: str) -> bool:
        """By a cursor of its own: nobody who counts statements has asked for this one. In a transaction that has
        failed nothing can be prepared, and what is executed there gets the usual error.
        """
        said, status = f"PREPARE {name} AS {_numbered(sql)}", self._session.info.transaction_status
        if status not in (TRANSACTION_STATUS_IDLE, TRANSACTION_STATUS_INTRANS):
            return False
        with self._session.cursor() as cursor:
            if status == TRANSACTION_STATUS_IDLE:
                cursor.execute(said)
                return True
            cursor.execute("SAVEPOINT hive_prepare")
            try:
                cursor.execute(said)
            except psycopg2.Error:
                cursor.execute("ROLLBACK TO SAVEPOINT hive_prepare")
                raise
            finally:
                cursor.execute("RELEASE SAVEPOINT hive_prepare")
        return True

    def _forget(self, cause: BaseException | None) -> None:
        """What an error says of the statements themselves. The transaction has failed; the next one must not."""
        global _off
        if isinstance(cause, errors.FeatureNotSupported):  # a migration has changed the type of a column
            self._names.clear()
        elif isinstance(cause, LOST):
            _off = True
            self._names.clear()
            logger.error(
                "action=prepare PostgreSQL does not know a statement that this session has prepared: a pooler gives one"
                " session to several clients. From now on this process prepares none."
            )


def _numbered(sql: str) -> str:
    """`%s, %s` as `$1, $2`; `%%` is a percent sign."""
    numbers = itertools.count(1)
    return re.sub(r"%[s%]", lambda found: "%" if found[0] == "%%" else f"${next(numbers)}", sql)
