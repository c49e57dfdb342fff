"""Keeping a file that a job has produced."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator

import pytest
from pytest_django.fixtures import Settings

from apps.artifacts.models import Artifact
from apps.artifacts.services.save import NameTaken, save
from apps.artifacts.store import Source, Stored, StoreUnavailable, installed
from apps.artifacts.store.memory import MemoryStore
from apps.runs.models import Job
from apps.runs.outcome import failed
from apps.runs.services.active import ActiveJob
from apps.runs.services.finish import end_job
from apps.runs.services.output import LeaseLost
from apps.runs.states import Reason

Begin = Callable[[], ActiveJob]


def content(store: MemoryStore, artifact: Artifact) -> bytes:
    return b"".join(store.get(artifact.store_key))


def test_it_keeps_bytes_and_says_what_they_are(memory: MemoryStore, begin_job: Begin) -> None:
    job = begin_job()
    kept = save(job, "report.xml", "report", io.BytesIO(b"<x/>"))
    assert (kept.run_id, kept.job_id, kept.size_bytes, kept.content_type) == (job.run.pk, job.row.pk, 4, "text/xml")
    assert content(memory, kept) == b"<x/>"


def test_the_same_again_is_the_same_artifact_and_leaves_no_second_copy(memory: MemoryStore, begin_job: Begin) -> None:
    job = begin_job()
    first, second = (save(job, "tree.tar", "tree", io.BytesIO(b"same")) for _ in range(2))
    assert first == second
    assert [info.key for info in memory.list()] == [first.store_key]


def test_something_else_under_the_same_name_is_refused_and_replaces_nothing(
    memory: MemoryStore, begin_job: Begin
) -> None:
    job = begin_job()
    first = save(job, "tree.tar", "tree", io.BytesIO(b"one"))
    with pytest.raises(NameTaken, match=r"tree\.tar"):
        save(job, "tree.tar", "tree", io.BytesIO(b"two"))
    assert content(memory, first) == b"one"
    assert len(list(memory.list())) == 1


def test_two_jobs_may_use_the_same_name(memory: MemoryStore, begin_job: Begin) -> None:
    one, two = (save(begin_job(), "tree.tar", "tree", io.BytesIO(text)) for text in (b"one", b"two"))
    assert (content(memory, one), content(memory, two)) == (b"one", b"two")


def test_a_worker_that_lost_its_lease_keeps_nothing(memory: MemoryStore, begin_job: Begin) -> None:
    job = begin_job()
    end_job(Job.objects.get(pk=job.row.pk), failed(Reason.LOST, "reaped"))
    with pytest.raises(LeaseLost):
        save(job, "tree.tar", "tree", io.BytesIO(b"late"))
    assert not Artifact.objects.exists()
    assert list(memory.list()) == []


def test_a_lease_that_is_lost_while_the_bytes_are_written_keeps_nothing(memory: MemoryStore, begin_job: Begin) -> None:
    job = begin_job()

    def stream() -> Iterator[bytes]:
        yield b"x"
        end_job(Job.objects.get(pk=job.row.pk), failed(Reason.LOST, "reaped"))

    with pytest.raises(LeaseLost):
        save(job, "tree.tar", "tree", stream())
    assert list(memory.list()) == []


def test_a_store_that_is_away_is_waited_for_as_long_as_is_set(begin_job: Begin, settings: Settings) -> None:
    class Back(MemoryStore):
        def put(self, stream: Source, key: str, patience_s: float = 0.0) -> Stored:
            if patience_s < 5:
                raise StoreUnavailable("Cannot write the artifact store: it does not answer.")
            return super().put(stream, key)

    settings.STORE_PATIENCE_S = 5.0
    with installed(Back()):
        assert save(begin_job(), "tree.tar", "tree", io.BytesIO(b"x")).size_bytes == 1


def test_a_store_that_is_full_leaves_no_row(begin_job: Begin) -> None:
    class Full(MemoryStore):
        def put(self, stream: object, key: str, patience_s: float = 0.0) -> None:  # type: ignore[override]
            raise StoreUnavailable("No space left on device")

    with installed(Full()), pytest.raises(StoreUnavailable):
        save(begin_job(), "tree.tar", "tree", io.BytesIO(b"x"))
    assert not Artifact.objects.exists()


@pytest.mark.parametrize("name", ["", "/etc/passwd", "a/../b", "..", "a\nb", "a\0", "x" * 201, "a\\b"])
def test_a_name_that_is_none_is_refused_before_anything_is_written(
    memory: MemoryStore, begin_job: Begin, name: str
) -> None:
    with pytest.raises(ValueError, match="not a name"):
        save(begin_job(), name, "file", io.BytesIO(b"x"))
    assert list(memory.list()) == []


@pytest.mark.parametrize("kind", ["log", "movie"])
def test_a_kind_that_is_not_a_jobs_to_give_is_refused(memory: MemoryStore, begin_job: Begin, kind: str) -> None:
    with pytest.raises(ValueError, match="Known: diff, tree"):
        save(begin_job(), "x", kind, io.BytesIO(b"x"))
