"""seen(): an agent that asks for work is there, whether or not it has said so."""

from __future__ import annotations

from datetime import timedelta

from apps.events import clock
from apps.fleet.models import Agent

AT_MOST_EVERY = timedelta(seconds=10)


def seen(agent: Agent) -> None:
    """Note it, seldom: reads must not all become writes. A pause whose time is over goes, too."""
    now = clock.now()
    if agent.paused_until is not None and agent.paused_until <= now:
        lapsed = Agent.objects.filter(pk=agent.pk, paused_until=agent.paused_until)
        lapsed.update(paused_at=None, paused_until=None)
        agent.paused_at = agent.paused_until = None
    if agent.seen_at < now - AT_MOST_EVERY:
        Agent.objects.filter(pk=agent.pk).update(seen_at=now)
