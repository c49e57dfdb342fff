"""Downloads of the API from every kind of store: a redirect to a link that works without signing in."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest
from django.test import Client

from apps.artifacts.models import Artifact
from apps.artifacts.services.save import save
from apps.artifacts.store import ArtifactStore, installed
from apps.runs.services.active import ActiveJob
from apps.runs.services.claim import claim
from apps.runs.services.start import start_run
from tests.conftest import People
from tests.servers.s3 import S3

REPORT = b"<testsuite/>"


@pytest.fixture
def kept(people: People, store: ArtifactStore) -> Iterator[Artifact]:
    with installed(store):
        run = start_run(people.project, None, people.owner, workflow="noop")
        row = claim(run.jobs.get().pk, run.epoch, "worker")
        assert row is not None
        yield save(ActiveJob(row), "reports/report.xml", "report", [REPORT])


def download(user: object, artifact: Artifact, query: str = "") -> tuple[int, dict[str, str], Client]:
    client = Client()
    client.force_login(user)  # type: ignore[arg-type]
    response = client.get(f"/api/v1/runs/{artifact.run_id}/artifacts/{artifact.pk}/download{query}")
    shown = response.json() if query else {"Location": response.get("Location", "")}
    return response.status_code, shown, client


def content(url: str) -> tuple[int, bytes, str]:
    """From Hive's own web server, or from the store's: by someone who is not signed in to either."""
    parts = urlsplit(url)
    if parts.hostname == "testserver":
        answer = Client().get(f"{parts.path}?{parts.query}")
        return answer.status_code, b"".join(answer.streaming_content), answer["Content-Disposition"]
    response = httpx.get(url)
    return response.status_code, response.content, response.headers["Content-Disposition"]


def test_a_download_is_a_redirect_to_a_signed_link(people: People, kept: Artifact) -> None:
    status, shown, _ = download(people.teammate, kept)
    assert status == 302
    assert content(shown["Location"]) == (200, REPORT, 'attachment; filename="report.xml"')


def test_info_tells_of_the_artifact_and_where_it_is(people: People, kept: Artifact) -> None:
    status, shown, _ = download(people.owner, kept, "?info=true")
    assert (status, shown["name"], shown["sha256"]) == (200, "reports/report.xml", kept.sha256)
    assert content(shown["url"])[:2] == (200, REPORT)


def test_an_outsider_gets_no_link(people: People, kept: Artifact) -> None:
    assert download(people.outsider, kept)[0] == 404


def test_a_store_that_browsers_cannot_reach_is_read_through_hive(people: People, server: S3, bucket: str) -> None:
    from apps.artifacts.store import open_store

    with installed(open_store(f"{server.create(bucket)}&links=hive")):
        run = start_run(people.project, None, people.owner, workflow="noop")
        row = claim(run.jobs.get().pk, run.epoch, "worker")
        assert row is not None
        shown = download(people.owner, save(ActiveJob(row), "report.xml", "report", [REPORT]))[1]
        assert shown["Location"].startswith("http://testserver/api/v1/store/")
        assert content(shown["Location"])[:2] == (200, REPORT)
