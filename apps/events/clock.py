"""now(): the time that all machines of an installation agree on: the database server's.

Leases, waits and deadlines are written by one machine and judged by another. Were each to go by its own clock, one that
is ahead would take live workers' jobs away, and one that is behind would leave dead ones theirs. What one process
decides and reads alone (the expiry of a session, the age of a folder) goes by its own clock.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from django.db import connection
from django.utils import timezone

HOLDS_S = 60.0  # then it is asked again: the server's clock may have been set


class Clock:
    """The server's time, carried on by this machine's monotonic clock. Shared by threads, and by forks."""

    def __init__(self) -> None:
        self._asked: tuple[datetime, float] | None = None

    def now(self) -> datetime:
        """Raises django.db.Error where the server has to be asked and does not answer."""
        if connection.vendor == "sqlite":
            return timezone.now()  # one machine
        asked = self._asked
        if asked is None or time.monotonic() - asked[1] > HOLDS_S:
            asked = self._asked = self._ask()
        then, at = asked
        return then + timedelta(seconds=time.monotonic() - at)

    def _ask(self) -> tuple[datetime, float]:
        """Below Django's cursors: it belongs to no view's queries. The server answered between the two looks."""
        connection.ensure_connection()
        before = time.monotonic()
        with connection.wrap_database_errors, connection.connection.cursor() as cursor:
            cursor.execute("SELECT clock_timestamp()")
            then: datetime = cursor.fetchone()[0]
        return then, (before + time.monotonic()) / 2


clock = Clock()
now = clock.now
