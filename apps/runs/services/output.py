"""A job's output on its way to the table: batched, masked, bounded, fenced by the lease."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import IntegrityError, connection, transaction

from apps.events import clock, wake
from apps.events.masking import Masker
from apps.sql.execute import execute, together

BATCH_BYTES = 64 * 1024
BATCH_S = 0.5
TAIL_BYTES = 256 * 1024
BACKLOG_BYTES = 8 * 1024 * 1024  # how much output may wait in memory while the database is away


APPEND = (
    'INSERT INTO events_logchunk (job_id, "offset", size, data, at)'
    " SELECT id, %s, %s, %s, %s FROM runs_job WHERE id = %s AND lease_token = %s AND status = 'running'"
)


class LeaseLost(Exception):
    """The job's lease is somebody else's, or ended; nothing was written."""


def append_log(job_id: int, lease_token: str, offset: int, data: bytes) -> None:
    """Store one piece of output at `offset`, in one statement that only a valid lease lets through.

    Raises LeaseLost where the token is not the job's current one. The same offset twice violates a constraint: only
    one writer holds the lease, and it counts its own bytes.
    """
    now = connection.ops.adapt_datetimefield_value(clock.now())
    with together():
        if execute(APPEND, offset, len(data), data, now, job_id, lease_token) != 1:
            raise LeaseLost(f"Job {job_id} is no longer held under this lease; its output was not stored.")
        tell_readers(job_id)


@dataclass(frozen=True)
class _Wake:
    job_id: int

    def __call__(self) -> None:
        wake.log(self.job_id)


def tell_readers(job_id: int) -> None:
    """That there is more to read of this job's output, or that it has ended: on commit, once."""
    call = _Wake(job_id)
    if not any(waiting == call for _, waiting, *_ in connection.run_on_commit):
        transaction.on_commit(call)


class LogWriter:
    """Takes bytes from the sandbox's reader and stores them in batches: at 64 KiB, or 500 ms after the first byte.

    Of more output than the limit the head and the tail are kept, with a line between them that says what is missing.
    Thread-safe: the reader writes while the pulse thread calls tick().
    """

    def __init__(
        self, job_id: int, lease_token: str, secrets: Callable[[], Sequence[str]] = tuple, limit: int | None = None
    ) -> None:
        self.job_id = job_id
        self.lease_token = lease_token
        self.stored_bytes = 0
        self._secrets = secrets
        self._head_left = max((limit or settings.LOG_LIMIT_BYTES) - TAIL_BYTES, 0)
        self._tail = bytearray()
        self._left_out = 0
        self._buffer = bytearray()
        self._since = 0.0
        self._lock = threading.Lock()

    @cached_property
    def _mask(self) -> Masker:
        """Asked for with the first output: most jobs that do nothing print nothing."""
        return Masker(self._secrets())

    def write(self, data: bytes) -> None:
        """Accept output. Raises LeaseLost once the lease is gone; waits in memory while the database is away."""
        with self._lock:
            self._accept(self._mask.feed(data))
            try:
                while len(self._buffer) >= BATCH_BYTES:
                    self._store(BATCH_BYTES)
            except DatabaseError:
                connection.close()
                if len(self._buffer) > BACKLOG_BYTES:
                    raise

    def tick(self) -> None:
        """Store what has waited long enough."""
        with self._lock:
            if self._buffer and time.monotonic() - self._since >= BATCH_S:
                self._store(len(self._buffer))

    def close(self) -> None:
        """Store everything that is left."""
        with self._lock:
            self._accept(self._mask.rest() if "_mask" in self.__dict__ else b"")
            if self._left_out:
                self._buffer += f"\n[hive: {self._left_out:,} bytes were not kept here]\n".encode()
                self._left_out = 0
            self._buffer += self._tail
            self._tail = bytearray()
            while self._buffer:
                self._store(BATCH_BYTES)

    def _accept(self, data: bytes) -> None:
        if not data:
            return
        head = data[: self._head_left]
        if head:
            if not self._buffer:
                self._since = time.monotonic()
            self._buffer += head
            self._head_left -= len(head)
        if len(head) < len(data):
            self._tail += data[len(head) :]
            if len(self._tail) > 2 * TAIL_BYTES:
                self._left_out += len(self._tail) - TAIL_BYTES
                del self._tail[:-TAIL_BYTES]

    def _store(self, size: int) -> None:
        data = bytes(self._buffer[:size])
        with contextlib.suppress(IntegrityError):  # stored before: only the commit's answer was lost
            append_log(self.job_id, self.lease_token, self.stored_bytes, data)
        self.stored_bytes += len(data)
        del self._buffer[:size]
        self._since = time.monotonic()
