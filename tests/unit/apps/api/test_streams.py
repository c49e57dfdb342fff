"""The addresses of the live streams: what they take before the first byte."""

from __future__ import annotations

import pytest

from apps.events.stream import hub
from tests.unit.apps.api.conftest import Api, Things


@pytest.mark.parametrize("path", ["/runs/{run}/stream", "/jobs/{job}/log/stream"])
@pytest.mark.parametrize(
    ("query", "headers"),
    [
        ("?after=x", {}),
        ("?after=-1", {}),
        ("?after=" + "9" * 25, {}),
        ("", {"Last-Event-ID": "x"}),
        ("?after=1", {"Last-Event-ID": "½"}),
    ],
)
def test_a_position_that_is_none_is_refused(
    owner: Api, things: Things, path: str, query: str, headers: dict[str, str]
) -> None:
    response = owner.get(path.format(run=things.run.pk, job=things.job.pk) + query, headers=headers)
    assert (response.status_code, response.json()["code"]) == (422, "invalid")


def test_until_is_the_end_or_nothing(owner: Api, things: Things) -> None:
    assert owner.get(f"/runs/{things.run.pk}/stream?until=tomorrow").status_code == 422


@pytest.mark.parametrize("accept", ["text/event-stream", "*/*", "application/json"])
def test_a_stream_is_a_stream_whatever_is_accepted(owner: Api, things: Things, accept: str) -> None:
    response = owner.get(f"/runs/{things.run.pk}/stream", headers={"Accept": accept})
    assert (response.status_code, response["Content-Type"]) == (200, "text/event-stream; charset=utf-8")
    assert (response["X-Accel-Buffering"], response["Cache-Control"]) == ("no", "no-store, no-transform")
    response.close()


def test_a_server_that_is_full_says_so_before_the_answer_begins(
    owner: Api, things: Things, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setattr(sys.modules["apps.events.stream.hub"], "MOST_READERS", 0)
    response = owner.get(f"/runs/{things.run.pk}/stream")
    assert (response.status_code, response.json()["code"], response["Retry-After"]) == (503, "too_many_streams", "1")
    assert hub.readers_now() == 0


@pytest.mark.parametrize("path", ["/runs/{run}/stream", "/jobs/{job}/log/stream"])
def test_head_does_not_wait_for_the_end(owner: Api, things: Things, path: str) -> None:
    response = owner.client.head("/api/v1" + path.format(run=things.run.pk, job=things.job.pk))
    assert (response.status_code, b"".join(response.streaming_content)) == (200, b"")
