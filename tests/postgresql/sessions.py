"""Several sessions at once, each in a thread of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from django.db import connection

from tests.database import administer

T = TypeVar("T")
PATIENCE_S = 30.0


def at_once(*calls: Callable[[], T]) -> list[T]:
    """What each gives; all begin together, each on a session of its own. Raises what any of them raises."""
    start = threading.Barrier(len(calls))

    def one(call: Callable[[], T]) -> T:
        start.wait(PATIENCE_S)
        return _alone(call)

    with ThreadPoolExecutor(len(calls)) as threads:
        return [future.result(PATIENCE_S) for future in [threads.submit(one, call) for call in calls]]


def beside(call: Callable[[], T]) -> Future[T]:
    """Begin it, and go on."""
    threads = ThreadPoolExecutor(1)
    future = threads.submit(_alone, call)
    threads.shutdown(wait=False)
    return future


def wait_until_one_waits() -> None:
    """Until some session of this database waits for a lock that another holds."""
    database = connection.settings_dict["NAME"]
    waiting = f"SELECT 1 FROM pg_stat_activity WHERE datname = '{database}' AND wait_event_type = 'Lock'"
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if administer(waiting):
            return
        time.sleep(0.01)
    raise AssertionError("nobody waits for a lock")


def _alone(call: Callable[[], T]) -> T:
    try:
        return call()
    finally:
        connection.close()
