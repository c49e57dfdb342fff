"""Further processes of a Hive that runs: a second beat, a worker on another machine or with another clock."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from hive.cli import programs
from tests.flows.real.hive import QUICK, ROOT, Hive, until
from tests.servers.stack import Stack


class Extra:
    """One process, and what it has said."""

    def __init__(self, log: Path) -> None:
        self._log = log

    @property
    def said(self) -> str:
        return self._log.read_text()


@contextmanager
def beat(stack: Stack, log: Path) -> Iterator[Extra]:
    """A beat that ticks."""
    alive = log.with_name("alive")
    with _process(stack, programs.beat(), log, HIVE_ALIVE_KIND="beat", HIVE_ALIVE_FILE=str(alive)) as extra:
        until(alive.exists, 90, lambda: f"the beat does not come: {extra.said}")
        yield extra


@contextmanager
def worker(
    stack: Stack, log: Path, name: str, queues: str, prefix: Sequence[str] = (), **settings: str
) -> Iterator[Extra]:
    """A worker that has said that it is there; settings go over those of the Hive."""
    with _process(stack, programs.worker(name, queues, 2), log, prefix, **settings) as extra:
        until(lambda: find_worker(stack.hive, name), 90, lambda: f"the worker {name} does not come: {extra.said}")
        yield extra


def find_worker(hive: Hive, name: str) -> int:
    """Its id among Hive's workers, or 0."""
    return next((one["id"] for one in hive.all("admin/workers") if one["name"].startswith(f"{name}@")), 0)


@contextmanager
def drained(hive: Hive, name: str) -> Iterator[None]:
    """While this worker takes nothing."""
    number = find_worker(hive, name)
    hive.post(f"admin/workers/{number}/drain")
    try:
        yield
    finally:
        hive.post(f"admin/workers/{number}/resume")


@contextmanager
def _process(
    stack: Stack, argv: Sequence[str], log: Path, prefix: Sequence[str] = (), **settings: str
) -> Iterator[Extra]:
    environ = {key: value for key, value in os.environ.items() if not key.startswith(("HIVE_", "DJANGO_"))}
    environ |= {"DJANGO_SETTINGS_MODULE": "hive.settings", "PYTHONPATH": str(ROOT)}
    environ |= {**QUICK, **stack.settings, "HIVE_HOME": str(stack.hive.home), **settings}
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*prefix, "setpriv", "--pdeathsig", "KILL", *argv],
            cwd=log.parent,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # Celery ends its whole process group with it
        )
    try:
        yield Extra(log)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
