"""Ask agents whose program is too old for this server to be upgraded; until then they are given nothing more."""

from __future__ import annotations

import re

from apps.events import clock
from apps.fleet.models import Agent, Command

OLDEST = "0.1.0"  # of hive[agent]; raise it with a change that older programs cannot follow
NUMBERS = re.compile(r"(\d{1,9})\.(\d{1,9})(?:\.(\d{1,9}))?")


def too_old(version: str) -> bool:
    """Whether it is a version, and one before OLDEST. What names none (a program run from source) is not judged."""
    found, oldest = (_numbers(text) for text in (version, OLDEST))
    return found is not None and oldest is not None and found < oldest


def _numbers(version: str) -> tuple[int, ...] | None:
    match = NUMBERS.match(version)
    return tuple(int(number or 0) for number in match.groups()) if match else None


def ask_to_upgrade(agent: Agent) -> None:
    """Tell it with its next answers, until it has heard; take that back from one that has been upgraded since."""
    asked = agent.commands.filter(kind=Command.Kind.UPGRADE, acknowledged_at=None)
    if not too_old(Agent.objects.values_list("version", flat=True).get(pk=agent.pk)):
        asked.update(acknowledged_at=clock.now())
    elif not asked.exists():
        Command.objects.create(agent=agent, kind=Command.Kind.UPGRADE)
