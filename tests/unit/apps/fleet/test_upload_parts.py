"""A large file in parts: what is missing is asked for, whatever broke off before, and wrong bytes never stay."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pytest

from apps.artifacts.models import Artifact
from apps.artifacts.store.memory import MemoryStore
from apps.fleet.models import Agent, Upload
from apps.fleet.services import upload_parts, uploads
from apps.fleet.services.acknowledge import acknowledge
from apps.fleet.services.offer import Offer
from apps.fleet.services.upload_parts import Part
from apps.fleet.services.uploads import Announced, UploadRefused, announce, finish_uploads
from apps.runs.models import Job
from tests.unit.apps.fleet.conftest import offered

DATA = b"0123456789"
FILE = Announced("disk.img", "file", len(DATA), hashlib.sha256(DATA).hexdigest())


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload_parts, "PART_BYTES", 4)


@pytest.fixture
def one(agent: Agent, job: Job) -> Offer:
    found = offered(agent)
    acknowledge(agent, job.pk, found.lease)
    return found


def asked(agent: Agent, one: Offer, *files: Announced) -> Sequence[Part]:
    return announce(agent, one.job_id, one.lease, files or (FILE,), in_parts=True)[0].parts


def send(memory: MemoryStore, parts: Sequence[Part], data: bytes = DATA) -> None:
    row = Upload.objects.get()
    for part in parts:
        memory.parts.put([data[part.first :][: part.size_bytes]], row.store_key, row.parts, part.number)


def finish(agent: Agent, one: Offer) -> list[Artifact]:
    return finish_uploads(agent, one.job_id, one.lease, [Upload.objects.get().pk])


def test_what_is_missing_is_asked_for_until_nothing_is(agent: Agent, one: Offer, memory: MemoryStore) -> None:
    parts = asked(agent, one)
    assert [(part.number, part.first, part.size_bytes) for part in parts] == [(1, 0, 4), (2, 4, 4), (3, 8, 2)]
    send(memory, parts[1:2])
    assert [part.number for part in asked(agent, one)] == [1, 3]
    send(memory, asked(agent, one))
    assert asked(agent, one) == []
    (kept,) = finish(agent, one)
    assert b"".join(memory.get(kept.store_key)) == DATA


def test_before_everything_has_arrived_there_is_no_artifact(agent: Agent, one: Offer, memory: MemoryStore) -> None:
    send(memory, asked(agent, one)[:2])
    with pytest.raises(UploadRefused, match="has not arrived"):
        finish(agent, one)
    send(memory, asked(agent, one))
    assert len(finish(agent, one)) == 1


def test_a_server_that_dies_between_the_joining_and_the_artifact_has_all_it_needs(
    agent: Agent, one: Offer, memory: MemoryStore
) -> None:
    send(memory, asked(agent, one))
    upload_parts.join(Upload.objects.get())
    assert asked(agent, one) == []
    assert [len(finish(agent, one)), len(finish(agent, one)), Artifact.objects.count()] == [1, 1, 1]


def test_bytes_that_are_not_those_announced_go_and_the_file_may_come_again(
    agent: Agent, one: Offer, memory: MemoryStore
) -> None:
    send(memory, asked(agent, one), b"012345678#")
    with pytest.raises(UploadRefused, match="not those announced"):
        finish(agent, one)
    assert not memory.exists(Upload.objects.get().store_key)
    send(memory, asked(agent, one))
    assert len(finish(agent, one)) == 1


def test_an_upload_that_the_store_has_tidied_away_begins_again(agent: Agent, one: Offer, memory: MemoryStore) -> None:
    send(memory, asked(agent, one)[:2])
    memory.parts._begun.clear()
    assert [part.number for part in asked(agent, one)] == [1, 2, 3]


def test_of_many_parts_a_few_are_told_at_once(
    agent: Agent, one: Offer, memory: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "PARTS_AT_ONCE", 4)
    other = Announced("other.img", "file", 6, hashlib.sha256(b"abcdef").hexdigest())
    told = announce(agent, one.job_id, one.lease, [FILE, other], in_parts=True)
    assert [[part.number for part in wanted.parts] for wanted in told] == [[1, 2, 3], [1]]


def test_two_announcements_at_once_share_one_upload(agent: Agent, one: Offer, memory: MemoryStore) -> None:
    asked(agent, one)
    stale = Upload.objects.get()
    begun, stale.parts = stale.parts, ""
    upload_parts.missing(stale, 10)
    assert (stale.parts, Upload.objects.get().parts) == (begun, begun)


def test_small_files_and_agents_that_know_no_parts_get_one_link(agent: Agent, one: Offer) -> None:
    small = Announced("s", "file", 4, hashlib.sha256(b"1234").hexdigest())
    (wanted,) = announce(agent, one.job_id, one.lease, [small], in_parts=True)
    assert (wanted.link is not None, wanted.parts) == (True, ())
    (wanted,) = announce(agent, one.job_id, one.lease, [FILE])
    assert (wanted.link is not None, wanted.parts) == (True, ())
