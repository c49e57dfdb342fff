"""A log moves from chunks to the store: same bytes at every moment, whoever dies and however many do it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.artifacts.models import Artifact
from apps.artifacts.queries import find_log, log_size, read_log
from apps.artifacts.services.archive_logs import archive_log, archive_logs
from apps.artifacts.store import Info, Source, Stored, StoreUnavailable, installed
from apps.artifacts.store.memory import MemoryStore
from apps.events.models import LogChunk
from apps.runs.models import Job
from apps.runs.services.active import ActiveJob
from tests.database import plan_of

Ended = Callable[..., Job]
PRINTED = (b"first line\n", bytes(range(256)) * 300, b"last\n")
WHOLE = b"".join(PRINTED)
FEW = (b"first\n", b"last\n")  # so few bytes that they move with those of others


class Died(BaseException):
    """Stands for SIGKILL: nothing catches it."""


class Dying(MemoryStore):
    """Dies at one of its steps, once."""

    def __init__(self, at: str) -> None:
        super().__init__()
        self.at = at

    def _step(self, name: str) -> None:
        if self.at == name:
            self.at = ""
            raise Died(name)

    def put(self, stream: Source, key: str) -> Stored:
        self._step("before put")
        stored = super().put(stream, key)
        self._step("after put")
        return stored

    def list(self, prefix: str = "") -> Iterator[Info]:
        self._step("after commit")
        return super().list(prefix)


def log_of(job: Job) -> bytes:
    return b"".join(read_log(job.pk))


def test_the_bytes_are_the_same_before_and_after(memory: MemoryStore, ended_job: Ended) -> None:
    job = ended_job(*PRINTED)
    assert (log_of(job), log_size(job.pk)) == (WHOLE, len(WHOLE))
    assert archive_logs() == 1
    assert not LogChunk.objects.exists()
    assert (log_of(job), log_size(job.pk)) == (WHOLE, len(WHOLE))
    archived = Artifact.objects.get(job=job)
    assert (archived.name, archived.kind, archived.size_bytes) == ("output.log", "log", len(WHOLE))


def test_a_second_pass_finds_nothing_to_do(memory: MemoryStore, ended_job: Ended) -> None:
    ended_job(*PRINTED)
    assert [archive_logs(), archive_logs()] == [1, 0]


def test_a_running_job_and_a_silent_one_are_left_alone(
    memory: MemoryStore, begin_job: Callable[[], ActiveJob], ended_job: Ended
) -> None:
    active = begin_job()
    active.print("still going")
    active.log.close()
    silent = ended_job()
    assert archive_logs() == 0
    assert log_of(active.row) == b"still going\n"
    assert find_log(silent.pk) is None


@pytest.mark.parametrize(("start", "stop"), [(0, 5), (3, 400), (11, 12), (70_000, None), (len(WHOLE), None), (9, 9)])
def test_a_range_is_the_same_from_both_places(
    memory: MemoryStore, ended_job: Ended, start: int, stop: int | None
) -> None:
    job = ended_job(*PRINTED)
    for _ in range(2):
        assert b"".join(read_log(job.pk, start, stop)) == WHOLE[start:stop]
        archive_logs()


@pytest.mark.parametrize("printed", [PRINTED, FEW])
@pytest.mark.parametrize("at", ["before put", "after put", "after commit"])
def test_dying_at_any_step_loses_nothing_and_the_next_pass_completes_it(
    ended_job: Ended, at: str, printed: tuple[bytes, ...]
) -> None:
    job = ended_job(*printed)
    whole = b"".join(printed)
    with installed(store := Dying(at)):
        with pytest.raises(Died):
            archive_logs()
        assert log_of(job) == whole
        archive_logs()
        assert log_of(job) == whole
        assert [info.key for info in store.list()] == [Artifact.objects.get(job=job).store_key]
    assert not LogChunk.objects.exists()


class Overtaken(MemoryStore):
    """Somebody else archives the same job while this one is between its bytes and its row, or before its bytes."""

    def __init__(self, job: Job, *, before: bool) -> None:
        super().__init__()
        self.job: Job | None = job
        self.before = before

    def put(self, stream: Source, key: str) -> Stored:
        job, self.job = self.job, None
        if job and self.before:
            assert archive_log(job)
        stored = super().put(stream, key)
        if job and not self.before:
            assert archive_log(job)
        return stored


@pytest.mark.parametrize("before", [True, False])
def test_of_two_at_once_one_wins_and_the_other_leaves_nothing(ended_job: Ended, before: bool) -> None:
    job = ended_job(*PRINTED)
    with installed(store := Overtaken(job, before=before)):
        assert archive_log(job) is False
        assert log_of(job) == WHOLE
        assert [info.key for info in store.list()] == [Artifact.objects.get(job=job).store_key]


def test_of_two_passes_over_the_same_small_logs_each_log_is_moved_once(ended_job: Ended) -> None:
    jobs = [ended_job(*FEW) for _ in range(3)]
    with installed(store := Overtaken(jobs[1], before=False)):
        assert archive_logs() == 2
        assert [log_of(job) for job in jobs] == [b"".join(FEW)] * 3
        assert {info.key for info in store.list()} == {row.store_key for row in Artifact.objects.all()}
    assert not LogChunk.objects.exists()


def test_small_logs_move_in_one_transaction(memory: MemoryStore, ended_job: Ended) -> None:
    jobs = [ended_job(*FEW) for _ in range(20)]
    with CaptureQueriesContext(connection) as queries:
        assert archive_logs() == 20
    assert len(queries) <= 10
    assert {log_of(job) for job in jobs} == {b"".join(FEW)}


def test_what_has_a_gap_stays_until_the_gap_is_filled(memory: MemoryStore, ended_job: Ended) -> None:
    job = ended_job(b"one")
    LogChunk.objects.create(job_id=job.pk, offset=6, size=5, data=b"three")
    archive_logs()
    LogChunk.objects.create(job_id=job.pk, offset=3, size=3, data=b"two")
    archive_logs()
    assert log_of(job) == b"onetwothree"


def test_a_reader_in_the_middle_of_the_move_sees_every_byte_once(memory: MemoryStore, ended_job: Ended) -> None:
    job = ended_job(*[bytes([n]) * 300_000 for n in range(3)])
    reader = read_log(job.pk)
    first = next(reader)
    archive_logs()
    assert first + b"".join(reader) == bytes(300_000) + b"\1" * 300_000 + b"\2" * 300_000


def test_a_piece_that_shows_up_late_is_appended(memory: MemoryStore, ended_job: Ended) -> None:
    job = ended_job(b"on time, ")
    archive_logs()
    LogChunk.objects.create(job_id=job.pk, offset=9, size=4, data=b"late")
    assert log_of(job) == b"on time, late"
    assert archive_logs() == 1
    assert log_of(job) == b"on time, late"
    assert len(list(memory.list())) == 1


def test_a_reader_whose_copy_was_replaced_looks_again(memory: MemoryStore, ended_job: Ended) -> None:
    job = ended_job(b"on time, ")
    archive_logs()

    class Replaced(MemoryStore):
        def get(self, key: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
            with installed(memory):
                LogChunk.objects.get_or_create(job_id=job.pk, offset=9, defaults={"size": 4, "data": b"late"})
                archive_logs()
            return memory.get(key, start, stop)

    with installed(Replaced()):
        assert log_of(job) == b"on time, late"


@pytest.mark.parametrize("printed", [PRINTED, FEW])
def test_a_store_that_is_away_keeps_the_chunks(ended_job: Ended, printed: tuple[bytes, ...]) -> None:
    class Away(MemoryStore):
        def put(self, stream: Source, key: str) -> Stored:
            raise StoreUnavailable("Cannot write the artifact store: Input/output error.")

    job = ended_job(*printed)
    with installed(Away()):
        assert archive_logs() == 0
    assert log_of(job) == b"".join(printed)


def test_a_piece_is_found_by_the_index(ended_job: Ended) -> None:
    job = ended_job(*PRINTED)
    plan = plan_of('SELECT MAX("offset") FROM events_logchunk WHERE job_id=%s AND "offset"<=5', [job.pk])
    assert "USING COVERING INDEX" in plan or "Index Only Scan using log_offset_once" in plan, plan
