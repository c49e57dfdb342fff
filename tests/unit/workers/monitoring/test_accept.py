"""Acceptance and probes, against a small real site."""

from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from django.utils import timezone

from apps.events.models import Event
from apps.incidents.models import Incident, Probe, ProbeResult
from apps.releases.models import Environment, Release
from apps.runs.models import Run
from apps.runs.services import dispatch
from hive.home import Home
from tests.conftest import People
from tests.unit.workers.jobs import held, planned
from workers.monitoring.accept import accept
from workers.monitoring.probe import probe_due


class Site(BaseHTTPRequestHandler):
    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(f"Hello from {self.headers['Host']}".encode())

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@pytest.fixture
def site() -> Iterator[type[Site]]:
    handler = type("OneSite", (Site,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    handler.port = server.server_port  # type: ignore[attr-defined]
    Thread(target=server.serve_forever, daemon=True).start()
    yield handler
    server.shutdown()
    server.server_close()


def deployed(people: People, site: Any, **spec: Any) -> Run:
    """A run whose release is live at the site."""
    run = planned(people, **spec)
    environment = Environment.objects.create(
        project=people.project, url=f"http://127.0.0.1:{site.port}", address=["tcp", "127.0.0.1", site.port]
    )
    config = {"environment": "devsite", "port": 8080, "health": "/"}
    release = Release.objects.create(
        environment=environment, run=run, commit="c" * 40, target="process", config=config, status="live"
    )
    Environment.objects.update(live=release)
    return run


def test_what_answers_as_asked_is_accepted_and_watched(people: People, home: Home, site: type[Site]) -> None:
    run = deployed(people, site)
    outcome = accept(held(run, "monitoring.accept"))
    assert outcome.status == "completed"
    assert outcome.data["checks"][0]["message"] == "Answered 200 with 'Hello'."
    assert Probe.objects.get().check_spec["url"] == "http://devsite:8080/"
    assert Event.objects.get(type="check").data["ok"] is True


def test_the_site_is_asked_under_its_own_name(people: People, home: Home, site: type[Site]) -> None:
    run = deployed(people, site, acceptance=[{"url": "http://devsite:8080/", "contains": "devsite:8080"}])
    assert accept(held(run, "monitoring.accept")).status == "completed"


def test_what_does_not_answer_as_asked_is_taken_back(
    people: People, home: Home, site: type[Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[tuple[Any, ...]] = []
    run = deployed(people, site, acceptance=[{"url": "http://devsite:8080/", "contains": "Bye", "within": 0.2}])
    monkeypatch.setattr(dispatch, "send", lambda step, *ids, priority=0: sent.append((step, *ids)))
    outcome = accept(held(run, "monitoring.accept"))
    assert (outcome.status, outcome.reason) == ("failed", "acceptance_failed")
    assert sent == [("deployment.stop", Release.objects.get().pk)]
    assert not Probe.objects.exists()


def test_without_checks_of_its_own_the_health_path_is_asked(people: People, home: Home, site: type[Site]) -> None:
    run = deployed(people, site, acceptance=[])
    assert accept(held(run, "monitoring.accept")).data["checks"][0]["url"] == "http://devsite:8080/"


def test_a_release_that_is_not_live_is_not_accepted(people: People, home: Home, site: type[Site]) -> None:
    run = deployed(people, site)
    Release.objects.update(status="superseded")
    assert accept(held(run, "monitoring.accept")).reason == "acceptance_failed"


def test_probes_look_when_their_time_has_come(people: People, home: Home, site: type[Site]) -> None:
    accept(held(deployed(people, site), "monitoring.accept"))
    assert probe_due() == 0
    _make_due()
    assert probe_due() == 1
    assert ProbeResult.objects.get().ok


def test_a_site_that_dies_is_an_incident_at_the_second_probe(people: People, home: Home, site: type[Site]) -> None:
    accept(held(deployed(people, site), "monitoring.accept"))
    site.status = 500
    for _ in range(2):
        _make_due()
        probe_due()
    incident = Incident.objects.get()
    assert incident.evidence["status"] == 500
    assert [one["action"] for one in incident.actions] == ["restart"]
    site.status = 200
    _make_due()
    probe_due()
    assert Incident.objects.get().status == "resolved"


def _make_due() -> None:
    Probe.objects.update(next_at=timezone.now() - timedelta(seconds=1))
