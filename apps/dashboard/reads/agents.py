"""Agents and enrolment tokens, for operators: a page at a time, each agent with what it does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from apps.accounts.models import Organisation
from apps.events import clock
from apps.fleet.models import Agent, Assignment, EnrolmentToken
from apps.fleet.overview import AgentNow, agents_now, has_tag, history_of
from apps.fleet.services.enrol import MOST

PAGE = 50
HISTORY = 25
TOKENS_SHOWN = 50
ORGANISATIONS_SHOWN = 200
LIFETIMES = {"1": "1 hour", "24": "1 day", "168": "1 week", "720": "30 days"}
CHOICES = {"": "Joined", "held": "Held", "revoked": "Revoked"}


@dataclass(frozen=True)
class AgentPage:
    rows: Sequence[AgentNow]
    older: int | None  # the number to pass as `before`


def all_agents() -> QuerySet[Agent]:
    return Agent.objects.select_related("organisation", "draining_by", "revoked_by", "enrolled_by")


def list_agents(status: str, text: str, before: int | None) -> AgentPage:
    """The newest first. A text is a part of a name, or a whole tag. Three queries."""
    found = all_agents().filter(revoked_at__isnull=status != "revoked")
    if status == "held":
        found = found.exclude(draining_at=None, paused_at=None)
    if text:
        found = found.filter(Q(name__icontains=text) | has_tag(text))
    if before is not None:
        found = found.filter(pk__lt=before)
    rows = list(found.order_by("-pk")[: PAGE + 1])
    return AgentPage(agents_now(rows[:PAGE]), rows[PAGE - 1].pk if len(rows) > PAGE else None)


@dataclass(frozen=True)
class Past:
    """What it was given, newest first."""

    rows: Sequence[Assignment]
    older: int | None


def past_of(agent: Agent, before: int | None) -> Past:
    return Past(*history_of(agent, before, HISTORY))


def capabilities_of(agent: Agent) -> list[tuple[str, str]]:
    """What it says of itself, in words; an agent may have said anything."""
    said = agent.capabilities if isinstance(agent.capabilities, dict) else {}
    return [(name, ", ".join(map(str, one)) if isinstance(one, list) else str(one)) for name, one in said.items()]


@dataclass(frozen=True)
class TokenRow:
    token: EnrolmentToken
    state: EnrolmentToken.State

    @property
    def look(self) -> str:
        """Which of the known looks says it."""
        return "completed" if self.state == EnrolmentToken.State.GOOD else "canceled"


def token_choices() -> dict[str, object]:
    """The tokens that there are, and what a new one may be."""
    organisations = Organisation.objects.order_by("name")[:ORGANISATIONS_SHOWN]
    return {"tokens": _tokens(clock.now()), "lifetimes": LIFETIMES, "organisations": organisations, "most": MOST}


def _tokens(now: datetime) -> Sequence[TokenRow]:
    rows = EnrolmentToken.objects.select_related("organisation", "created_by")[:TOKENS_SHOWN]
    return [TokenRow(one, one.state(now)) for one in rows]
