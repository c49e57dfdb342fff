"""Hive behind nginx and Caddy, as docs/deployment.md sets them up: forms, live streams, large bodies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from hive.cli.up import ports
from tests.flows.real.hive import Hive, running
from tests.flows.real.proxies import NAME, PROXIES, certify, client

pytestmark = pytest.mark.flow
SLOW = """
id: slow
title: A run that somebody watches
tasks:
  - id: look
    inputs: [{type: template, name: simple-static}]
    outputs: [{path: /workspace/tasks/look/src}]
    tests: [{run: sleep 60}]
"""
MIB = 1024 * 1024


@dataclass
class Site:
    """One Hive, and the way to it through one proxy."""

    hive: Hive
    outside: httpx.Client

    @property
    def key(self) -> dict[str, str]:
        return {"Authorization": self.hive.client.headers["Authorization"]}


@pytest.fixture(scope="module")
def hive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hive]:
    settings = {
        "HIVE_HOSTS": f"127.0.0.1,{NAME}",
        "HIVE_TRUSTED_ORIGINS": f"https://{NAME}",
        "HIVE_PROXY_TLS": "1",
    }
    with running(tmp_path_factory.mktemp("proxied") / "home", **settings) as hive:
        yield hive


@pytest.fixture(scope="module", params=list(PROXIES))
def site(request: pytest.FixtureRequest, hive: Hive, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder: Path = tmp_path_factory.mktemp(request.param)
    certify(folder)
    port = ports.next_free("127.0.0.1", 28443) or 0
    with PROXIES[request.param](folder, port, hive.url), client(folder, port) as outside:
        yield Site(hive, outside)


def test_a_form_is_taken_and_its_cookies_go_over_tls_only(site: Site) -> None:
    page = site.outside.get("/sign-in/")
    assert "secure" in page.headers["set-cookie"].lower()
    token = page.text.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
    cookie = page.headers["set-cookie"].partition(";")[0]
    wrong = {"username": "nobody", "password": "wrong", "csrfmiddlewaretoken": token}
    answer = site.outside.post("/sign-in/", data=wrong, headers={"Cookie": cookie})
    assert answer.status_code == 422, answer.text[:500]  # not 403: what failed is the password, not the form


def test_a_stream_arrives_while_it_is_written(site: Site) -> None:
    run_id = site.hive.start(spec=SLOW)
    try:
        seen = 0
        with site.outside.stream("GET", f"/api/v1/runs/{run_id}/stream", headers=site.key) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            for line in answer.iter_lines():
                seen += line.startswith("id:")
                if seen >= 5:
                    break
        assert site.hive.get(f"runs/{run_id}")["status"] in ("queued", "running")
    finally:
        site.hive.post(f"runs/{run_id}/cancel")


def test_what_is_too_large_is_told_by_hive_and_not_by_the_proxy(site: Site) -> None:
    answer = site.outside.post("/api/v1/specs/validate", json={"spec": "x" * (4 * MIB)}, headers=site.key)
    assert answer.status_code != 413
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["problems"]


def test_links_in_answers_lead_to_the_name_that_people_use(site: Site) -> None:
    answer = site.outside.get("/", follow_redirects=False)
    assert answer.status_code == 302
    assert answer.headers["location"].startswith(("/", f"https://{NAME}/"))
