"""A job's output over HTTP: everything, or a range of its bytes, from wherever the log lies."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from apps.artifacts.services.archive_logs import archive_logs
from apps.artifacts.store import StoreUnavailable, installed
from apps.artifacts.store.memory import MemoryStore
from apps.runs.models import Job
from tests.unit.apps.api.conftest import Api, Things

WHOLE = "Hällo\n".encode()


def body(response: object) -> bytes:
    return b"".join(response.streaming_content)  # type: ignore[attr-defined]


def test_the_whole_log_is_text(owner: Api, things: Things) -> None:
    for _ in range(2):
        response = owner.get(f"/jobs/{things.job.pk}/log")
        assert (response.status_code, body(response)) == (200, WHOLE)
        assert response["Content-Type"] == "text/plain; charset=utf-8"
        assert (response["Content-Length"], response["Accept-Ranges"]) == ("7", "bytes")
        assert response["X-Content-Type-Options"] == "nosniff"
        archive_logs()


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=2-", 2, 7),
        ("bytes=-3", 4, 7),
        ("bytes=3-1000", 3, 7),
        ("bytes=-1000", 0, 7),
        ("bytes = 1-2", 1, 3),
    ],
)
def test_a_range(owner: Api, things: Things, asked: str, start: int, stop: int) -> None:
    response = owner.get(f"/jobs/{things.job.pk}/log", headers={"Range": asked})
    assert (response.status_code, body(response)) == (206, WHOLE[start:stop])
    assert response["Content-Range"] == f"bytes {start}-{stop - 1}/7"


@pytest.mark.parametrize("asked", ["bytes=7-", "bytes=100-200", "bytes=-0", "bytes=" + "9" * 18 + "-"])
def test_a_range_behind_the_end_says_how_much_there_is(owner: Api, things: Things, asked: str) -> None:
    response = owner.get(f"/jobs/{things.job.pk}/log", headers={"Range": asked})
    assert (response.status_code, response.json()["code"]) == (416, "range_not_satisfiable")
    assert response["Content-Range"] == "bytes */7"


@pytest.mark.parametrize(
    "asked", ["bytes=5-2", "lines=1-2", "bytes=0-1,3-4", "bytes=-", "x", "bytes=" + "9" * 30 + "-"]
)
def test_a_range_that_is_not_understood_is_answered_with_everything(owner: Api, things: Things, asked: str) -> None:
    response = owner.get(f"/jobs/{things.job.pk}/log", headers={"Range": asked})
    assert (response.status_code, body(response)) == (200, WHOLE)


def test_head_tells_the_length_and_reads_nothing(owner: Api, things: Things) -> None:
    response = owner.client.head(f"/api/v1/jobs/{things.job.pk}/log")
    assert (response.status_code, response["Content-Length"]) == (200, "7")


def test_a_job_that_printed_nothing_has_an_empty_log(owner: Api, things: Things) -> None:
    silent = Job.objects.create(run=things.run, role="coding", step="coding.noop")
    response = owner.get(f"/jobs/{silent.pk}/log")
    assert (response.status_code, body(response)) == (200, b"")
    assert owner.get(f"/jobs/{silent.pk}/log", headers={"Range": "bytes=0-"}).status_code == 416


def test_an_archived_log_whose_store_is_away_is_said_before_the_first_byte(owner: Api, things: Things) -> None:
    class Away(MemoryStore):
        def get(self, key: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
            raise StoreUnavailable("Cannot read the artifact store: it does not answer.")

    archive_logs()
    with installed(Away()):
        response = owner.get(f"/jobs/{things.job.pk}/log")
    assert (response.status_code, response.json()["code"]) == (503, "store_unavailable")
    assert response["Retry-After"] == "1"


def test_output_that_is_no_longer_kept_is_gone_and_says_for_how_long_it_was(
    owner: Api, things: Things, settings: Settings
) -> None:
    silent = Job.objects.create(run=things.run, role="coding", step="coding.noop")
    Job.objects.filter(pk=silent.pk).update(finished_at=timezone.now() - timedelta(days=91))
    response = owner.get(f"/jobs/{silent.pk}/log")
    assert (response.status_code, response.json()["code"]) == (410, "log_expired")
    assert "90 days" in response.json()["detail"]
    settings.KEEP_LOG_DAYS = 0
    assert owner.get(f"/jobs/{silent.pk}/log").status_code == 200


def test_a_log_that_is_no_text_is_given_as_it_is(owner: Api, things: Things) -> None:
    from apps.events.models import LogChunk

    LogChunk.objects.filter(job_id=things.job.pk).update(data=b"\xff\x00\x80abcd")
    assert body(owner.get(f"/jobs/{things.job.pk}/log")) == b"\xff\x00\x80abcd"
