"""Queries: how the trials look at what is committed, on one connection that is kept: the same for both sides."""

from __future__ import annotations

from typing import Any

import psycopg2


class Queries:
    def __init__(self, url: str) -> None:
        self._connection = psycopg2.connect(url)
        self._connection.autocommit = True
        self.count = 0

    def one(self, sql: str, *params: Any) -> Any:
        """The first column of the first row; None where there is no row."""
        self.count += 1
        with self._connection.cursor() as cursor:
            cursor.execute(sql, params)
            row = cursor.fetchone()
        return row[0] if row else None
