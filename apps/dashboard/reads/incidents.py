"""Incidents, newest first, a page at a time; and the steps of one as a list to read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from apps.accounts.models import User
from apps.dashboard.reads.releases import visible_incidents
from apps.incidents.models import Incident
from apps.incidents.states import IncidentStatus

PAGE = 25
CHOICES = {"": "All", "unsettled": "Unsettled", "resolved": "Resolved", "escalated": "Escalated"}
UNSETTLED = (IncidentStatus.OPEN, IncidentStatus.REPAIRING)
ACTIONS = {
    "restart": "Restarted the release",
    "rollback": "Went back to the release before",
    "repair": "Started a run that repairs it",
    "escalate": "Gave up, and asks for a person",
}


@dataclass(frozen=True)
class IncidentPage:
    incidents: Sequence[Incident]
    status: str
    older: int | None


@dataclass(frozen=True)
class Step:
    at: datetime | None
    text: str
    outcome: str = ""


def list_incidents(user: User, status: str = "", before: int | None = None) -> IncidentPage:
    status = status if status in CHOICES else ""
    found = visible_incidents(user).order_by("-pk")
    if status:
        found = found.filter(status__in=UNSETTLED if status == "unsettled" else (status,))
    if before is not None:
        found = found.filter(pk__lt=before)
    rows = list(found[: PAGE + 1])
    return IncidentPage(rows[:PAGE], status, rows[PAGE - 1].pk if len(rows) > PAGE else None)


def steps_of(incident: Incident) -> list[Step]:
    """What was tried, in order. What a worker wrote may lack a part."""
    return [_step(one) for one in incident.actions if isinstance(one, dict)]


def _step(one: dict[str, Any]) -> Step:
    name = str(one.get("action", ""))
    return Step(_moment(one.get("at")), ACTIONS.get(name, name.capitalize()), str(one.get("outcome", "")))


def _moment(value: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(str(value))
    except ValueError:
        return None
