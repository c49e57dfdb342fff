"""A package by its address, from a real server on loopback that only these tests may reach."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from apps.artifacts.models import Artifact
from apps.artifacts.store import store
from apps.ci.definition.check import check_data
from apps.ci.services.submit import submit, wanted
from apps.runs.outcome import Outcome
from apps.runs.services.active import ActiveJob
from apps.runs.services.claim import claim
from apps.runs.services.perform import attempt
from hive.home import Home
from tests.conftest import People
from workers.testing.fetch import fetch
from workers.web.fetch import Web
from workers.web.guard import GuardedNetwork

DATA = bytes(range(256)) * 4096


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status = {"/gone": 404, "/busy": 503}.get(self.path, 200)
        if self.path == "/inside":
            self.send_response(302)
            self.send_header("Location", "http://169.254.169.254/latest/meta-data/")
            self.end_headers()
            return
        self.send_response(status)
        self.send_header("Content-Length", str(len(DATA)))
        self.end_headers()
        self.wfile.write(DATA)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def fetched(people: People, home: Home) -> Any:
    def run(url: str, sha256: str = "", *, guarded: bool = False) -> tuple[ActiveJob, Outcome]:
        job = wanted(check_data({"commands": ["a"]}), package_url=url, package_sha256=sha256)
        row = claim(submit(people.project, job, people.owner).jobs.get(step="testing.fetch").pk, 1, "worker")
        assert row is not None
        active = ActiveJob(row)
        network = GuardedNetwork(allowed=() if guarded else ["127.0.0.1"])
        return active, attempt(active, lambda one: fetch(one, lambda: Web(network)))

    return run


def test_a_package_is_brought_to_the_store_as_it_was(address: str, fetched: Any) -> None:
    active, outcome = fetched(f"{address}/p.tar.gz", hashlib.sha256(DATA).hexdigest())
    kept = active.run.artifacts.get(kind=Artifact.Kind.PACKAGE)
    assert (outcome.status, kept.sha256) == ("completed", hashlib.sha256(DATA).hexdigest())
    assert b"".join(store().get(kept.store_key)) == DATA


def test_an_address_inside_is_not_reached(address: str, fetched: Any) -> None:
    _, outcome = fetched(f"{address}/p", guarded=True)
    assert (outcome.reason, "loopback" in outcome.message) == ("bad_package", True)


def test_nor_by_a_redirect(address: str, fetched: Any) -> None:
    _, outcome = fetched(f"{address}/inside")
    assert (outcome.reason, "link-local" in outcome.message) == ("bad_package", True)


def test_another_file_than_was_promised_is_refused(address: str, fetched: Any) -> None:
    active, outcome = fetched(f"{address}/p", "0" * 64)
    assert (outcome.reason, active.run.artifacts.count()) == ("bad_package", 0)


def test_what_is_larger_than_the_limit_is_refused(address: str, fetched: Any, settings: Any) -> None:
    settings.CI_PACKAGE_BYTES = 2**19
    _, outcome = fetched(f"{address}/p")
    assert (outcome.reason, "HIVE_CI_PACKAGE_MB" in outcome.message) == ("bad_package", True)


def test_what_is_not_there_ends_the_job_and_a_busy_server_is_asked_again(address: str, fetched: Any) -> None:
    assert fetched(f"{address}/gone")[1].reason == "bad_package"
    assert fetched(f"{address}/busy")[1].reason == "infrastructure"
