"""Line: whether Hive is heard. Says so once per change and now and then while it lasts, not at each attempt."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

logger = logging.getLogger(__name__)

REMIND_S = 300.0


class Line:
    """May be used from any thread."""

    def __init__(self, url: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = url
        self._clock = clock
        self._lock = threading.Lock()
        self._since: float | None = None
        self._told = 0.0

    def lost(self, why: str) -> None:
        """An attempt had no answer, or one that says: not now."""
        now = self._clock()
        with self._lock:
            first = self._since is None
            since = now if self._since is None else self._since
            if not first and now - self._told < REMIND_S:
                return
            self._since, self._told = since, now
        if first:
            logger.warning("action=away %s does not answer (%s); it is asked until it does", self._url, why)
        else:
            logger.warning("action=away %s has not answered for %.0f s (%s)", self._url, now - since, why)

    def back(self) -> None:
        if self._since is None:  # nearly always; without the lock a call that ends just now may say it again
            return
        with self._lock:
            since, self._since = self._since, None
        if since is not None:
            logger.warning("action=back %s answers again after %.0f s", self._url, self._clock() - since)
