"""outlast(): what a worker does while the database is away: wait, and not fail one message after the other."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection

logger = logging.getLogger(__name__)

T = TypeVar("T")
PAUSE_S = 0.5


def outlast(call: Callable[[], T], what: str) -> T:
    """Do `call`, each time on a fresh connection, until the database answers; at most for as long as a lease holds.

    A dead-lock and a lock that was waited for too long come as the same errors, and go the same way. Within a
    transaction of the caller's there is one try: what it wrote before would not be in the next.
    """
    if connection.in_atomic_block:
        return call()
    give_up = time.monotonic() + settings.LEASE_S
    while True:
        try:
            return call()
        except (OperationalError, InterfaceError) as error:
            if time.monotonic() > give_up:
                raise
            logger.warning("action=%s database away (%s); trying again", what, error)
            connection.close()
            time.sleep(PAUSE_S)
