"""States and allowed moves of incidents."""

from __future__ import annotations

from django.db.models import TextChoices


class IncidentStatus(TextChoices):
    OPEN = "open", "Open"
    REPAIRING = "repairing", "Repairing"
    RESOLVED = "resolved", "Resolved"
    ESCALATED = "escalated", "Escalated"


INCIDENT_MOVES: dict[str, frozenset[str]] = {
    "open": frozenset({"repairing"}),
    "repairing": frozenset({"resolved", "escalated"}),
    "resolved": frozenset(),
    "escalated": frozenset(),
}
