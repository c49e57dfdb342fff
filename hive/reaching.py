"""Reaching: the web server says, several times per lease, that it is there (apps.runs.services.reach)."""

from __future__ import annotations

import logging
import threading
import time

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection

from apps.runs.services.reach import SAID, note_reach

logger = logging.getLogger(__name__)


class Reaching:
    """A thread, from the first request on: whoever starts a web server asks whether it is ready."""

    def __init__(self) -> None:
        self._thread = threading.Thread(target=self._run, name="reaching", daemon=True)
        self._started = False

    def start(self) -> None:
        """Once, however often it is called; from the event loop."""
        if not self._started:
            self._started = True
            self._thread.start()

    def _run(self) -> None:
        while True:
            try:
                note_reach()
            except DatabaseError as error:
                logger.warning("action=reach database away (%s); trying again", error)
                connection.close()
            time.sleep(settings.LEASE_S / SAID)
