"""A job's output: batched, bounded, masked, fenced."""

from itertools import pairwise

import pytest
from django.db import DatabaseError

from apps.events.models import LogChunk
from apps.runs.models import Job
from apps.runs.services import output
from apps.runs.services.claim import claim
from apps.runs.services.output import BATCH_BYTES, TAIL_BYTES, LeaseLost, LogWriter, append_log


@pytest.fixture
def held(job: Job) -> Job:
    claimed = claim(job.pk, 1, "me/1")
    assert claimed is not None
    return claimed


def stored(job: Job) -> bytes:
    chunks = list(LogChunk.objects.filter(job_id=job.pk).order_by("offset"))
    for before, after in pairwise(chunks):
        assert before.offset + before.size == after.offset
    return b"".join(bytes(chunk.data) for chunk in chunks)


def test_little_output_waits_for_its_batch(held: Job) -> None:
    log = LogWriter(held.pk, held.lease_token)
    log.write(b"hello")
    log.tick()
    assert stored(held) == b""
    log.close()
    assert stored(held) == b"hello"


def test_output_that_has_waited_is_stored_at_the_tick(held: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    log = LogWriter(held.pk, held.lease_token)
    log.write(b"hello")
    monkeypatch.setattr(output, "BATCH_S", 0)
    log.tick()
    assert stored(held) == b"hello"


def test_much_output_is_stored_at_once(held: Job) -> None:
    log = LogWriter(held.pk, held.lease_token)
    log.write(b"x" * (3 * BATCH_BYTES + 7))
    assert len(stored(held)) == 3 * BATCH_BYTES
    log.close()
    assert len(stored(held)) == 3 * BATCH_BYTES + 7


def test_of_too_much_output_head_and_tail_are_kept_and_the_gap_is_told(held: Job) -> None:
    log = LogWriter(held.pk, held.lease_token, limit=TAIL_BYTES + 1000)
    log.write(b"begin" + b"." * (5 * TAIL_BYTES) + b"end")
    log.close()
    kept = stored(held)
    assert kept.startswith(b"begin")
    assert kept.endswith(b"end")
    assert b"bytes were not kept here" in kept
    assert len(kept) < 3 * TAIL_BYTES


def test_secrets_are_masked_before_they_are_stored(held: Job) -> None:
    log = LogWriter(held.pk, held.lease_token, secrets=lambda: ["hunter2hunter2"])
    log.write(b"password hunter2")
    log.write(b"hunter2\n")
    log.close()
    assert stored(held) == b"password [masked]\n"


def test_who_lost_the_lease_stores_nothing(held: Job) -> None:
    log = LogWriter(held.pk, "somebody else's")
    log.write(b"late")
    with pytest.raises(LeaseLost):
        log.close()
    assert stored(held) == b""


def test_an_ended_job_takes_no_more_output(held: Job) -> None:
    Job.objects.filter(pk=held.pk).update(status="failed")
    with pytest.raises(LeaseLost):
        append_log(held.pk, held.lease_token, 0, b"late")


def test_output_waits_while_the_database_is_away(held: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    log = LogWriter(held.pk, held.lease_token)
    with monkeypatch.context() as away:
        away.setattr(output, "append_log", _away)
        away.setattr(output.connection, "close", lambda: None)
        log.write(b"x" * (2 * BATCH_BYTES))
    log.close()
    assert len(stored(held)) == 2 * BATCH_BYTES


def _away(*_: object) -> None:
    raise DatabaseError("away")
