"""A web server that was away or hung, while beat went on: that agents were not heard then says nothing of them."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings

from apps.events import clock
from apps.runs.stations import Reach

SAID = 10  # times per lease


def note_reach() -> None:
    """A web server is there. Of several that say so at once, one is enough."""
    now = clock.now()
    row, _ = Reach.objects.get_or_create(pk=1, defaults={"at": now, "since": now})
    since = now if now - row.at > _gap() else row.since
    Reach.objects.filter(pk=1, at=row.at).update(at=now, since=since)


def was_reached(now: datetime) -> bool:
    """Whether whoever lives has had the time of a whole lease to renew it. So it is where nobody ever said anything."""
    row = Reach.objects.filter(pk=1).first()
    lease = timedelta(seconds=settings.LEASE_S)
    return row is None or (now - row.at <= _gap() and now - row.since > lease)


def _gap() -> timedelta:
    """Shorter than what is left of any lease when the last heartbeat was heard: they come three times per lease."""
    return timedelta(seconds=settings.LEASE_S / 2)
