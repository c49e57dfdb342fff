"""States and allowed moves of releases."""

from __future__ import annotations

from django.db.models import TextChoices


class ReleaseStatus(TextChoices):
    PENDING = "pending", "Pending"
    DEPLOYING = "deploying", "Deploying"
    LIVE = "live", "Live"
    SUPERSEDED = "superseded", "Superseded"  # a newer one is live; kept for rollback
    ROLLED_BACK = "rolled_back", "Rolled back"
    STOPPED = "stopped", "Stopped"
    FAILED = "failed", "Failed"


RELEASE_MOVES: dict[str, frozenset[str]] = {
    "pending": frozenset({"deploying"}),
    "deploying": frozenset({"live", "failed"}),
    "live": frozenset({"superseded", "rolled_back", "stopped"}),
    "superseded": frozenset(),
    "rolled_back": frozenset(),
    "stopped": frozenset(),
    "failed": frozenset(),
}
RELEASE_ENDED = frozenset(status for status, moves in RELEASE_MOVES.items() if not moves)
