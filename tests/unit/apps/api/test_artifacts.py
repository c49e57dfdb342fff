"""Artifacts: the list, the signed link, and what the store's own address answers."""

from __future__ import annotations

from datetime import timedelta

import pytest

from apps.artifacts.models import Artifact
from apps.artifacts.services.archive_logs import archive_logs
from apps.artifacts.store import store
from apps.artifacts.store.memory import MemoryStore
from tests.unit.apps.api.conftest import Api, Things


def link_of(owner: Api, things: Things, artifact: Artifact | None = None) -> str:
    which = artifact or things.artifact
    found = owner.get(f"/runs/{things.run.pk}/artifacts/{which.pk}/download?info=true").json()
    return found["url"].removeprefix("http://testserver")


def test_the_list_tells_what_there_is_and_filters(owner: Api, things: Things) -> None:
    archive_logs()
    shown = owner.get(f"/runs/{things.run.pk}/artifacts").json()["results"]
    assert [(one["name"], one["kind"], one["size_bytes"]) for one in shown] == [
        ("report.xml", "report", 12),
        ("output.log", "log", 7),
    ]
    assert owner.get(f"/runs/{things.run.pk}/artifacts?kind=log").json()["count"] == 1


def test_it_is_told_until_when_each_is_kept(owner: Api, things: Things) -> None:
    archive_logs()
    report, log = owner.get(f"/runs/{things.run.pk}/artifacts").json()["results"]
    assert report["kept_until"] is None
    made = Artifact.objects.get(kind="log").created_at
    assert log["kept_until"] == (made + timedelta(days=90)).isoformat().replace("+00:00", "Z")


def test_a_download_goes_to_a_link_that_needs_no_signing_in(owner: Api, things: Things) -> None:
    moved = owner.get(f"/runs/{things.run.pk}/artifacts/{things.artifact.pk}/download")
    assert moved.status_code == 302
    response = Api().client.get(moved["Location"])
    assert (response.status_code, b"".join(response.streaming_content)) == (200, b"<testsuite/>")


def test_info_says_where_it_is_instead_of_going_there(owner: Api, things: Things) -> None:
    info = owner.get(f"/runs/{things.run.pk}/artifacts/{things.artifact.pk}/download?info=true").json()
    assert (info["name"], info["size_bytes"], info["sha256"]) == ("report.xml", 12, things.artifact.sha256)
    assert {"url", "expires_at", "content_type"} <= set(info)


def test_info_is_true_or_false(owner: Api, things: Things) -> None:
    assert owner.get(f"/runs/{things.run.pk}/artifacts/{things.artifact.pk}/download?info=yes").status_code == 422


def test_an_artifact_under_another_runs_address_is_not_found(owner: Api, things: Things) -> None:
    assert owner.get(f"/runs/{things.run.pk + 1}/artifacts/{things.artifact.pk}/download").status_code == 404


def test_what_a_job_wrote_never_runs_in_the_browser(owner: Api, things: Things, memory: MemoryStore) -> None:
    Artifact.objects.filter(pk=things.artifact.pk).update(name='a/"x";\r\n.html', content_type="text/html")
    response = owner.client.get(link_of(owner, things))
    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Disposition"].startswith("attachment")
    assert response["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert "\n" not in response["Content-Disposition"]


def test_a_link_answers_a_range(owner: Api, things: Things) -> None:
    response = owner.client.get(link_of(owner, things), headers={"Range": "bytes=1-4"})
    assert (response.status_code, b"".join(response.streaming_content)) == (206, b"test")


def test_a_link_whose_bytes_are_gone_says_so(owner: Api, things: Things, memory: MemoryStore) -> None:
    link = link_of(owner, things)
    memory.delete(things.artifact.store_key)
    response = owner.client.get(link)
    assert (response.status_code, response.json()["code"]) == (404, "not_stored")


@pytest.mark.parametrize(("change", "status", "code"), [("x", 404, "not_found"), ("expired", 410, "link_expired")])
def test_a_link_that_does_not_hold_says_so(
    owner: Api, things: Things, monkeypatch: pytest.MonkeyPatch, change: str, status: int, code: str
) -> None:
    import time

    link = link_of(owner, things)
    later = time.time() + 3600 if change == "expired" else time.time()
    monkeypatch.setattr(time, "time", lambda: later)
    response = owner.client.get(link if change == "expired" else link + change)
    assert (response.status_code, response.json()["code"]) == (status, code)


def test_a_link_to_put_takes_exactly_its_bytes(memory: MemoryStore, db: None) -> None:
    link, client = store().link_to_put("a/key", 60, size_bytes=5).url, Api().client
    short = client.put(link, b"1234", content_type="application/octet-stream")
    assert (short.status_code, short.json()["code"]) == (413, "wrong_size")
    response = client.put(link, b"12345", content_type="application/octet-stream")
    assert (response.status_code, response.json()["size_bytes"]) == (201, 5)
    assert b"".join(memory.get("a/key")) == b"12345"


def test_a_link_to_get_takes_nothing(owner: Api, things: Things) -> None:
    response = owner.client.put(link_of(owner, things), b"x", content_type="application/octet-stream")
    assert (response.status_code, response.json()["code"]) == (404, "not_found")
