"""Connections that are kept: asked about their health without a statement, and with statements that are kept, too.

A kept connection is asked about its health without a statement, where the line itself tells.

Django sends `SELECT 1` before each piece of work on a connection that is kept: a round trip, and for PostgreSQL a
transaction. A server that has ended a session has said so on its line by then, and closed it; nothing else is ever said
there between two pieces of work. So a line on which nothing has come is as good as an answer, except one that
was cut without a word: therefore the server itself is asked now and then.

Statements that are the same each time, but for their values, are prepared once per session: see prepared.py.
"""

from __future__ import annotations

import select
import time
from collections.abc import Sequence
from typing import Any

from django.db.backends.postgresql.base import DatabaseWrapper as Postgresql

from hive.postgresql.prepared import Prepared

ASKED_EVERY_S = 10.0


class DatabaseWrapper(Postgresql):
    health_check_enabled: bool
    health_check_done: bool
    _asked_at = float("-inf")
    _prepared: Prepared

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        connection = super().get_new_connection(conn_params)
        self._asked_at = time.monotonic()
        self._prepared = Prepared(connection)
        return connection

    def execute_often(self, cursor: Any, sql: str, params: Sequence[Any]) -> None:
        """As `cursor.execute()`, for a statement whose text is one of a few: apps/sql/execute.py calls it."""
        with self.wrap_database_errors:
            self._prepared.execute(cursor, sql, params)

    def close_if_health_check_failed(self) -> None:
        asks = self.connection is not None and self.health_check_enabled and not self.health_check_done
        if asks and self._asked_lately() and self._is_quiet():
            self.health_check_done = True
        else:
            super().close_if_health_check_failed()

    def is_usable(self) -> bool:
        usable = super().is_usable()
        self._asked_at = time.monotonic()
        return bool(usable)

    def _asked_lately(self) -> bool:
        return time.monotonic() - self._asked_at < ASKED_EVERY_S

    def _is_quiet(self) -> bool:
        """Nothing has come on the line. A server's last words, or its end, would be there to read."""
        if self.connection.closed:
            return False
        line = select.poll()
        line.register(self.connection.fileno(), select.POLLIN)
        return not line.poll(0)
