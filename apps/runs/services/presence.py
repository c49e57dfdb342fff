"""Presence: a row says of each Celery worker that it is there. The processes below it keep the row true.

The worker's own process opens no connection to the database, which its next child could inherit. What its children
read there they tell it through one byte of shared memory: whether it is drained.
"""

from __future__ import annotations

import functools
import hashlib
import logging
import mmap
import os
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.db import Error as DatabaseError
from django.db import connection
from django.utils import timezone

from apps.events import clock
from apps.runs.models import Worker

logger = logging.getLogger(__name__)

BEAT_S = 10.0  # how often a process looks; of those that share a worker, one writes
SILENT = timedelta(seconds=3 * BEAT_S)
FORGOTTEN = timedelta(days=1)
FORGOTTEN_DRAINED = timedelta(days=30)  # a machine that was drained for repair may be away for long


def worker_name() -> str:
    """Who holds a lease: machine, worker, process. Whoever sees the process dead can give its lease back."""
    short = presence.node.partition("@")[0]
    return "/".join((machine(), *([short] if short else []), str(os.getpid())))


def name_prefix(worker: Worker) -> str:
    """How the names of this worker's processes begin."""
    return f"{worker.machine}/{worker.name.partition('@')[0]}/"


@functools.cache
def machine() -> str:
    """This machine, this boot, this PID namespace: process ids mean the same to all who share this name."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text()
    namespace = Path("/proc/self/ns/pid").readlink()
    return f"{socket.gethostname()}-{hashlib.sha256(f'{boot}{namespace}'.encode()).hexdigest()[:8]}"


@dataclass(frozen=True)
class Identity:
    name: str
    queues: list[str]
    processes: int
    pid: int
    started_at: datetime


class Presence:
    """In charge of: the row, and the byte. Not in charge of: taking no more messages (hive.draining does)."""

    def __init__(self) -> None:
        self._me: Identity | None = None
        self._drained: mmap.mmap | None = None
        self._due = 0.0

    def introduce(self, name: str, queues: Sequence[str], processes: int) -> None:
        """In the worker's own process, before it forks: who its children are part of."""
        self._me = Identity(name, sorted(queues), processes, os.getpid(), timezone.now())
        self._drained = mmap.mmap(-1, 1)

    @property
    def node(self) -> str:
        """The Celery worker that this process belongs to; empty where it belongs to none."""
        return self._me.name if self._me else ""

    @property
    def drained(self) -> bool:
        """Whether this worker is to take nothing more, as far as any of its processes has seen."""
        return bool(self._drained and self._drained[0])

    def note(self, drained: bool) -> None:
        if self._drained is not None:
            self._drained[0] = drained

    def beat(self) -> None:
        """Call it as often as you like: every BEAT_S it looks. Never raises; a database that is away comes back."""
        if self._me is None or time.monotonic() < self._due:
            return
        self._due = time.monotonic() + BEAT_S
        try:
            self.note(look(self._me))
        except DatabaseError as error:
            connection.close()
            logger.warning("action=presence worker=%s database away: %s", self.node, error)


def look(me: Identity) -> bool:
    """Say that this worker is there, where nobody did just now; whether it is drained."""
    now = clock.now()
    row = Worker.objects.filter(name=me.name).first()
    if row is None or (row.machine, row.pid, row.started_at) != (machine(), me.pid, me.started_at):
        return _enter(me, now).draining_at is not None
    if row.seen_at < now - timedelta(seconds=0.8 * BEAT_S):
        Worker.objects.filter(pk=row.pk, seen_at=row.seen_at).update(seen_at=now)
    return row.draining_at is not None


def _enter(me: Identity, now: datetime) -> Worker:
    """A worker that has just started. A drain is its name's, and stays; the rows of those long gone go."""
    said = {"queues": me.queues, "machine": machine(), "pid": me.pid, "processes": me.processes}
    row, _ = Worker.objects.update_or_create(
        name=me.name, defaults={**said, "started_at": me.started_at, "seen_at": now}
    )
    Worker.objects.filter(seen_at__lt=now - FORGOTTEN, draining_at=None).delete()
    Worker.objects.filter(seen_at__lt=now - FORGOTTEN_DRAINED).delete()
    return row


presence = Presence()
