"""Pack what an agent is to test: the very tree that Hive's own worker would unpack, as a tar.gz in the store.

No artifact: it is not masked, as what is tested must not be changed, so nobody is shown it. It stays while the run goes
on (see remove_orphans).
"""

from __future__ import annotations

import secrets
import zlib
from collections.abc import Iterator
from typing import IO

from django.conf import settings

from apps.artifacts.store import StoreError, store
from apps.events.models import EventType
from apps.fleet.limits import COMMANDS
from apps.runs.outcome import JobFailed, Outcome, done
from apps.runs.services.active import ActiveJob
from apps.runs.states import Reason
from apps.specs.schema import Task as TaskSpec
from workers.acceptance import Acceptance, acceptance_of, all_of, put_back
from workers.places import repository_of
from workers.testing.command import home_in

PIECE_BYTES = 256 * 1024
FASTEST = 1  # on source code, level 6 takes four times as long for a sixth less
GZIP = 31  # zlib's number for its largest window in a gzip file


def pack(job: ActiveJob) -> Outcome:
    """The work of testing.pack: one task's commit, with the tester's bytes in place."""
    tests = acceptance_of(job.task)
    return _pack(job, job.task.commit, [tests] if tests else [])


def pack_merged(job: ActiveJob) -> Outcome:
    """The work of testing.pack_merged: the same where all work is merged."""
    return _pack(job, job.run.commit, all_of(job.run))


def _pack(job: ActiveJob, commit: str, tests: list[Acceptance]) -> Outcome:
    job.emit(EventType.PHASE, name="pack", task=job.task.key)
    task = TaskSpec.model_validate(job.task.spec)
    count = len(task.tests) + sum(len(one.proofs) for one in tests if one.task == task.id)
    if count > COMMANDS:
        raise JobFailed(
            Reason.INVALID_SPEC, f"{task.id} has {count} test commands; an agent takes {COMMANDS} of a task."
        )
    repository = repository_of(job.run.project)
    tree = put_back(repository, commit, tests) if tests else commit
    key = f"packages/{secrets.token_hex(16)}"
    try:
        with repository.archive(tree) as tar:
            stored = store().put(_compressed(tar), key, settings.STORE_PATIENCE_S)
    except StoreError as error:
        raise JobFailed(Reason.INFRASTRUCTURE, f"The package could not be stored: {error}") from error
    job.print(f"Packed {commit[:12]}: {stored.size_bytes:,} bytes, SHA-256 {stored.sha256}")
    return done(
        f"{stored.size_bytes:,} bytes of {commit[:12]}",
        commit=commit,
        home=home_in(repository, commit, task),
        package={"source": key, "sha256": stored.sha256, "size_bytes": stored.size_bytes},
    )


def _compressed(tar: IO[bytes]) -> Iterator[bytes]:
    gzip = zlib.compressobj(FASTEST, zlib.DEFLATED, GZIP)
    while piece := tar.read(PIECE_BYTES):
        if packed := gzip.compress(piece):
            yield packed
    yield gzip.flush()
