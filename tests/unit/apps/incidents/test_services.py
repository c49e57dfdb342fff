"""Incidents: opened at the second failure, worked off by policy, settled."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.events.models import Event
from apps.incidents import services
from apps.incidents.models import Incident, Probe, ProbeResult
from apps.incidents.services import Seen, act, note, take_due, watch
from apps.releases.models import Environment, Release
from apps.runs.models import Run
from apps.runs.services import dispatch
from apps.specs.models import Spec, SpecVersion
from tests.conftest import People
from tests.unit.apps.runs.delivery import committed

CHECK = {"url": "http://devsite:8080/"}
UP, DOWN = Seen(True, 3.0, 200, "Answered 200."), Seen(False, 5.0, None, "No answer.")


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    messages: list[tuple[Any, ...]] = []
    monkeypatch.setattr(dispatch, "send", lambda step, *ids, priority=0: messages.append((step, *ids)))
    return messages


def live(people: People, repair: dict[str, Any], previous: bool = False) -> Probe:
    """The probe of a live release whose spec has this repair policy."""
    spec = Spec.objects.create(project=people.project, key="site", title="Site")
    version = SpecVersion.objects.create(spec=spec, number=1, text="", data={"repair": repair}, sha256="0" * 64)
    run = Run.objects.create(project=people.project, spec_version=version, title="Site", status="completed")
    environment = Environment.objects.create(project=people.project)
    made = [
        Release.objects.create(
            environment=environment, run=run, commit="c" * 40, target="process", config={}, status=status
        )
        for status in (["superseded", "live"] if previous else ["live"])
    ]
    Environment.objects.update(live=made[-1], previous=made[0] if previous else None)
    return watch(made[-1], [CHECK])[0]


def look(probe: Probe, seen: Seen) -> str:
    """One look at the release, and what was done about it."""
    with committed():
        incident = note(Probe.objects.select_related("release__environment", "release__run").get(pk=probe.pk), seen)
        return act(incident) if incident else ""


def test_watching_twice_makes_one_probe(people: People) -> None:
    probe = live(people, {})
    assert watch(probe.release, [CHECK]) == [probe]


@pytest.mark.parametrize("status", ["superseded", "stopped"])
def test_the_probes_of_a_release_that_has_ended_are_due_no_more(people: People, status: str) -> None:
    probe, later = live(people, {}), timezone.now() + timedelta(hours=1)
    Release.objects.update(status=status)
    assert take_due(later) == []
    assert not Probe.objects.get(pk=probe.pk).active


def test_each_due_probe_is_taken_by_one(people: People) -> None:
    probe = live(people, {})
    later = timezone.now() + timedelta(hours=1)
    assert (take_due(later), take_due(later)) == ([probe], [])


def test_a_probe_of_a_release_that_is_not_live_is_not_due(people: People) -> None:
    live(people, {})
    Release.objects.update(status="superseded")
    assert take_due(timezone.now() + timedelta(hours=1)) == []


def test_one_failure_is_no_incident(people: People) -> None:
    probe = live(people, {})
    assert look(probe, DOWN) == ""
    assert look(probe, UP) == ""
    assert not Incident.objects.exists()
    assert ProbeResult.objects.count() == 2


def test_the_second_failure_in_a_row_opens_an_incident_with_its_evidence(people: People, sent: list[Any]) -> None:
    probe = live(people, {"policy": "restart", "restarts": 3})
    look(probe, DOWN)
    assert look(probe, DOWN) == "restart"
    incident = Incident.objects.get()
    assert incident.status == "repairing"
    assert incident.evidence["message"] == "No answer."
    assert sent == [("deployment.restart", probe.release_id)]


def test_a_release_that_answers_again_resolves_its_incident(people: People, sent: list[Any]) -> None:
    probe = live(people, {"policy": "restart", "restarts": 3})
    for seen in (DOWN, DOWN, UP):
        look(probe, seen)
    assert Incident.objects.get().status == "resolved"
    told = [event.data["to"] for event in Event.objects.filter(type="incident") if "to" in event.data]
    assert told == ["open", "repairing", "resolved"]


def test_past_its_restarts_it_is_rolled_back_and_then_escalated(people: People, sent: list[Any]) -> None:
    probe = live(people, {"policy": "restart", "restarts": 1}, previous=True)
    steps = [look(probe, DOWN) for _ in range(6)]
    assert steps == ["", "restart", "", "rollback", "", "escalate"]
    assert Incident.objects.get().status == "escalated"
    assert "restart, rollback" in Incident.objects.get().message


def test_restarts_are_counted_over_all_incidents_of_a_release(people: People, sent: list[Any]) -> None:
    probe = live(people, {"policy": "restart", "restarts": 1})
    steps = [look(probe, seen) for seen in (DOWN, DOWN, UP, DOWN, DOWN)]
    assert steps == ["", "restart", "", "", "escalate"]


def test_with_nothing_to_go_back_to_it_is_escalated(people: People, sent: list[Any]) -> None:
    probe = live(people, {"policy": "rollback"})
    look(probe, DOWN)
    assert look(probe, DOWN) == "escalate"
    assert sent == []


def test_an_escalated_release_does_not_open_one_incident_after_the_other(people: People, sent: list[Any]) -> None:
    probe = live(people, {"policy": "escalate"})
    for _ in range(6):
        look(probe, DOWN)
    assert Incident.objects.count() == 1


def test_the_repair_policy_starts_a_child_run_and_waits_for_it(people: People, sent: list[Any]) -> None:
    probe = live(people, {"policy": "repair"})
    steps = [look(probe, DOWN) for _ in range(4)]
    assert steps == ["", "repair", "", "wait"]
    child = Run.objects.get(cause="repair")
    assert child.parent == probe.release.run
    Run.objects.filter(pk=child.pk).update(status="failed")
    look(probe, DOWN)
    assert look(probe, DOWN) == "escalate"


def test_a_release_that_is_replaced_takes_its_incident_along(people: People, sent: list[Any]) -> None:
    probe = live(people, {"policy": "restart", "restarts": 3})
    look(probe, DOWN)
    look(probe, DOWN)
    services.settle_after_switch(probe.release)
    assert Incident.objects.get().status == "resolved"
