"""Let machines join: enrolment tokens, and what becomes of one that is presented."""

from __future__ import annotations

import hashlib
import hmac
import logging
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F

from apps.accounts.models import Organisation, User
from apps.events import clock
from apps.fleet.limits import NAME, SLOTS, checked_tags
from apps.fleet.models import Agent, EnrolmentToken

logger = logging.getLogger(__name__)

LONGEST = timedelta(days=365)
MOST = 10_000


class NotEnrolled(Exception):
    """This enrolment token is unknown, expired, used up or revoked."""


@dataclass(frozen=True)
class NewToken:
    row: EnrolmentToken
    token: str  # the only time that it is seen


@dataclass(frozen=True)
class Introduction:
    """What a machine says of itself; checked where it comes in."""

    name: str
    tags: Sequence[str] = ()
    slots: int = 1
    version: str = ""
    capabilities: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Joined:
    agent: Agent
    credential: str  # the only time that it is seen


def create_token(
    user: User | None,
    name: str,
    *,
    tags: Sequence[str] = (),
    most: int = 1,
    lives: timedelta = timedelta(days=1),
    organisation: Organisation | None = None,
) -> NewToken:
    """Make a token that lets `most` agents in, within this time. Raises ValueError with a sentence."""
    if not NAME.fullmatch(name):
        raise ValueError("Give it a name of 1 to 100 characters.")
    if not 1 <= most <= MOST:
        raise ValueError(f"It lets 1 to {MOST} agents in, not {most}.")
    if not timedelta(0) < lives <= LONGEST:
        raise ValueError("It lives for a year at most.")
    prefix, secret = secrets.token_hex(4), secrets.token_urlsafe(32)
    row = EnrolmentToken.objects.create(
        name=name,
        prefix=prefix,
        digest=digest(secret),
        tags=checked_tags(tags),
        organisation=organisation,
        most=most,
        created_by=user,
        expires_at=clock.now() + lives,
    )
    logger.warning("action=enrolment_token token=%s by=%s", row, user)
    return NewToken(row, f"hive-enrol_{prefix}_{secret}")


def revoke_token(row: EnrolmentToken) -> bool:
    """Nobody else joins with it; those who have stay. False if it was revoked before."""
    return bool(EnrolmentToken.objects.filter(pk=row.pk, revoked_at=None).update(revoked_at=clock.now()))


def register(presented: str, said: Introduction) -> Joined:
    """A new agent. Of many that come at once with a token's last use, one UPDATE decides. Raises NotEnrolled."""
    token = _find(presented)
    now = clock.now()
    credential = secrets.token_urlsafe(32)
    with transaction.atomic():
        open_still = EnrolmentToken.objects.filter(pk=token.pk, revoked_at=None, expires_at__gt=now, used__lt=F("most"))
        if not open_still.update(used=F("used") + 1):
            raise NotEnrolled(NotEnrolled.__doc__)
        agent = Agent.objects.create(
            name=said.name,
            tags=token.tags,
            claimed_tags=checked_tags(said.tags),
            organisation_id=token.organisation_id,
            capabilities=said.capabilities,
            slots=min(max(said.slots, 1), SLOTS),
            version=said.version,
            digest=digest(credential),
            enrolled_by=token,
            seen_at=now,
        )
    logger.warning("action=enrol agent=%s id=%s token=%s", agent, agent.pk, token)
    return Joined(agent, credential)


def _find(presented: str) -> EnrolmentToken:
    kind, _, rest = presented.partition("_")
    prefix, _, secret = rest.partition("_")
    row = EnrolmentToken.objects.filter(prefix=prefix).first() if kind == "hive-enrol" else None
    if row is None or not hmac.compare_digest(row.digest, digest(secret)):
        raise NotEnrolled(NotEnrolled.__doc__)
    return row


def agent_with(agent_id: int, credential: str) -> Agent | None:
    """The agent whose credential this is: how it gets its next short token."""
    agent = Agent.objects.filter(pk=agent_id, revoked_at=None).first()
    return agent if agent is not None and hmac.compare_digest(agent.digest, digest(credential)) else None


def digest(secret: str) -> str:
    """32 random bytes need no slow hash: there is nothing to guess."""
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()
