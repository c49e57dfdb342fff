"""Artifacts as one tar stream: what goes in comes out, and nothing else does."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable

import pytest

from apps.artifacts.models import Artifact
from apps.artifacts.services.save import save
from apps.artifacts.store import NotStored
from apps.artifacts.store.memory import MemoryStore
from apps.runs.services.active import ActiveJob
from hive.cli.failure import Failure
from hive.moving.archive import Imported, export_artifacts, import_artifacts

pytestmark = pytest.mark.django_db
Begin = Callable[[], ActiveJob]
BIG = bytes(range(256)) * 3000


@pytest.fixture
def kept(memory: MemoryStore, begin_job: Begin) -> list[Artifact]:
    job = begin_job()
    files = {"report.xml": b"<x/>", "empty": b"", "tree.tar": BIG}
    return [save(job, name, "file", io.BytesIO(data)) for name, data in files.items()]


def exported(store: MemoryStore) -> bytes:
    out = io.BytesIO()
    export_artifacts(store, out)
    return out.getvalue()


def test_everything_comes_back_once(memory: MemoryStore, kept: list[Artifact]) -> None:
    stream, new = exported(memory), MemoryStore()
    assert import_artifacts(new, io.BytesIO(stream)) == Imported(len(kept), 0, 0)
    assert {one.name: b"".join(new.get(one.store_key)) for one in kept}["tree.tar"] == BIG
    assert import_artifacts(new, io.BytesIO(stream)) == Imported(0, len(kept), 0)
    assert exported(new) == stream


def test_bytes_that_retention_took_are_counted(memory: MemoryStore, kept: list[Artifact]) -> None:
    memory.delete(kept[0].store_key)
    done = export_artifacts(memory, io.BytesIO())
    assert (done.written, done.missing) == (len(kept) - 1, 1)


@pytest.mark.parametrize("data", [BIG[:-1], BIG + b"x", b"y" + BIG[1:]], ids=["short", "long", "other"])
def test_a_store_with_other_bytes_is_named(memory: MemoryStore, kept: list[Artifact], data: bytes) -> None:
    memory.put(io.BytesIO(data), kept[2].store_key)
    with pytest.raises(Failure, match=kept[2].store_key):
        exported(memory)


def test_what_no_record_tells_of_is_left_out(memory: MemoryStore, kept: list[Artifact]) -> None:
    stream, new = exported(memory), MemoryStore()
    gone = kept[1].store_key
    kept[1].delete()
    assert import_artifacts(new, io.BytesIO(stream)) == Imported(len(kept) - 1, 0, 1)
    with pytest.raises(NotStored):
        new.info(gone)


def test_a_stream_that_was_cut_off_leaves_whole_artifacts_alone(memory: MemoryStore, kept: list[Artifact]) -> None:
    new = MemoryStore()
    with pytest.raises(Failure, match="cut off"):
        import_artifacts(new, io.BytesIO(exported(memory)[:-300_000]))
    assert sorted(info.key for info in new.list()) == sorted(one.store_key for one in kept[:2])


def test_changed_bytes_and_links_are_refused(memory: MemoryStore, kept: list[Artifact]) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        link = tarfile.TarInfo(kept[1].store_key)
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
        entry = tarfile.TarInfo(kept[0].store_key)
        entry.size = kept[0].size_bytes
        archive.addfile(entry, io.BytesIO(b"<y/>"))
    new = MemoryStore()
    with pytest.raises(Failure, match="SHA-256"):
        import_artifacts(new, io.BytesIO(out.getvalue()))
    assert list(new.list()) == []
