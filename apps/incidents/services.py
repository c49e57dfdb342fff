"""What is done when a live release stops answering: incidents, and the policy that says what comes next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F

from apps.events import clock
from apps.events.lifecycle import MoveLost, move
from apps.events.services import record
from apps.incidents.models import Incident, Probe, ProbeResult
from apps.incidents.states import IncidentStatus
from apps.releases.models import Release
from apps.releases.states import RELEASE_ENDED, ReleaseStatus
from apps.runs.models import Run
from apps.runs.services import dispatch
from apps.runs.services.start import Wishes, start_run, workflow_again
from apps.runs.states import Reason

FAILURES = 2  # in a row make an incident
KEPT_RESULTS = 500  # per probe

RESTART = "deployment.restart"
ROLL_BACK = "deployment.roll_back"


def watch(release: Release, checks: list[dict[str, Any]]) -> list[Probe]:
    """Probe these checks of the release from now on; twice is once."""
    with transaction.atomic():
        Release.objects.select_for_update().get(pk=release.pk)
        if not release.probes.exists():
            first = clock.now() + timedelta(seconds=settings.PROBE_S)
            for check in checks:
                Probe.objects.create(release=release, check_spec=check, every_s=settings.PROBE_S, next_at=first)
        return list(release.probes.all())


def take_due(now: datetime, limit: int = 50) -> list[Probe]:
    """The probes whose time has come, each for exactly one caller. Two at once take different ones.

    A release that has ended never comes back: its probes are due no more, and are not met again here.
    """
    with transaction.atomic():
        due = Probe.objects.filter(active=True, next_at__lte=now).order_by("next_at")
        numbers = [probe.pk for probe in due.select_for_update(skip_locked=True, no_key=True)[:limit]]
        found = Probe.objects.filter(pk__in=numbers).select_related("release__environment", "release__run")
        for probe in found:
            Probe.objects.filter(pk=probe.pk).update(
                next_at=now + timedelta(seconds=probe.every_s), active=probe.release.status not in RELEASE_ENDED
            )
    return [probe for probe in found if probe.release.status == ReleaseStatus.LIVE]


@dataclass(frozen=True)
class Seen:
    """What one look at a release saw."""

    ok: bool
    took_ms: float
    status: int | None
    message: str
    excerpt: str = ""


def note(probe: Probe, seen: Seen) -> Incident | None:
    """Write down one look, and open, continue or resolve the release's incident. Returns the one that needs action."""
    with transaction.atomic():
        ProbeResult.objects.create(
            probe=probe, ok=seen.ok, took_ms=seen.took_ms, status=seen.status, message=seen.message[:300]
        )
        if seen.ok:
            Probe.objects.filter(pk=probe.pk).update(failures=0, last_ok_at=clock.now())
            _recovered(probe)
            return None
        Probe.objects.filter(pk=probe.pk).update(failures=F("failures") + 1)
        probe.refresh_from_db(fields=["failures"])
        if probe.failures == FAILURES:
            _open(probe, seen)
        active = _active(probe.release)
        return active if active and probe.failures % FAILURES == 0 else None


def _active(release: Release) -> Incident | None:
    unsettled = (IncidentStatus.OPEN, IncidentStatus.REPAIRING)
    return Incident.objects.filter(release=release, status__in=unsettled).select_related("release").first()


def _open(probe: Probe, seen: Seen) -> None:
    """One incident per release at a time; a second probe that fails meanwhile belongs to the same."""
    evidence = {"check": probe.check_spec, "status": seen.status, "message": seen.message, "excerpt": seen.excerpt}
    try:
        with transaction.atomic():
            incident = Incident.objects.create(release=probe.release, probe=probe, evidence=evidence)
            opened = {"id": incident.pk, "from": "", "to": incident.status, "message": seen.message}
            record(incident.event_run_id, Incident.EVENT, opened)
    except IntegrityError:
        return


def _recovered(probe: Probe) -> None:
    """Every probe of the release answers again."""
    incident = _active(probe.release)
    if incident is None or probe.release.probes.filter(active=True, failures__gt=0).exists():
        return
    if incident.status == IncidentStatus.OPEN:
        move(incident, IncidentStatus.REPAIRING)
    seconds = (clock.now() - incident.opened_at).total_seconds()
    resolve(incident, f"It answers again, {seconds:.0f} s after the incident began.")


def resolve(incident: Incident, message: str) -> None:
    move(incident, IncidentStatus.RESOLVED, message=message, ended_at=clock.now())


def escalate(incident: Incident, message: str) -> None:
    """Nothing is left that Hive may do by itself: a person has to look."""
    move(incident, IncidentStatus.ESCALATED, reason=Reason.UNHEALTHY, message=message, ended_at=clock.now())


def act(incident: Incident) -> str:
    """Take the next step that the policy allows, and write it down; returns its name.

    Called once per two failed looks, so that each step has the time of two looks to help.
    """
    repair = (incident.release.run.spec_version.data if incident.release.run.spec_version else {}).get("repair", {})
    if incident.status == IncidentStatus.OPEN:
        move(incident, IncidentStatus.REPAIRING)
    step = next_step(incident, repair.get("policy", "restart"), repair.get("restarts", 3))
    _write_down(incident, step)
    if step == "restart":
        dispatch.on_commit(RESTART, incident.release_id)
    elif step == "rollback":
        dispatch.on_commit(ROLL_BACK, incident.release_id)
    elif step == "repair":
        _start_repair(incident)
    elif step == "escalate":
        escalate(incident, f"Tried: {', '.join(one['action'] for one in incident.actions[:-1]) or 'nothing'}.")
    return step


def next_step(incident: Incident, policy: str, restarts: int) -> str:
    """restart (as often as allowed), then rollback (once, if there is something to go back to), then escalate."""
    tried = [one["action"] for one in incident.actions]
    if incident.repair_run is not None:
        return "wait" if not incident.repair_run.ended else "escalate"
    if policy == "repair":
        return "repair"
    used = Incident.objects.filter(release=incident.release_id).values_list("actions", flat=True)
    if policy == "restart" and sum(one["action"] == "restart" for actions in used for one in actions) < restarts:
        return "restart"
    can_go_back = incident.release.environment.previous_id is not None and "rollback" not in tried
    return "rollback" if policy in ("restart", "rollback") and can_go_back else "escalate"


def _write_down(incident: Incident, step: str) -> None:
    if step != "wait":
        incident.actions = [*incident.actions, {"at": clock.now().isoformat(), "action": step}]
        Incident.objects.filter(pk=incident.pk).update(actions=incident.actions)
        record(incident.event_run_id, Incident.EVENT, {"id": incident.pk, "action": step})


def _start_repair(incident: Incident) -> None:
    """The same spec once more, as a child of the run whose release failed."""
    run = incident.release.run
    child = start_run(
        run.project,
        run.spec_version,
        None,
        workflow=workflow_again(run),
        cause=Run.Cause.REPAIR,
        parent=run,
        wishes=Wishes(engine=run.engine, unattended=run.unattended),
    )
    Incident.objects.filter(pk=incident.pk).update(repair_run=child)


def settle_after_switch(release: Release) -> None:
    """The release is no longer live: its incident is over, whatever came in its place answers for itself."""
    incident = _active(release)
    if incident is not None:
        try:
            if incident.status == IncidentStatus.OPEN:
                move(incident, IncidentStatus.REPAIRING)
            resolve(incident, "Another release took its place.")
        except MoveLost:
            return  # somebody else settled it a moment ago
