"""The short token that an agent shows with each call (a JWT), made and read here alone.

It says which agent, for whom it is meant, and of which generation; whether that agent may still come in is asked of the
database each time, so that one who is revoked is out at once.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import jwt
from django.conf import settings

from apps.fleet.models import Agent
from apps.sql.read import Read

ALGORITHM = "HS256"  # and no other: what a token says of its own algorithm is not asked
AUDIENCE = "hive-agent"
LIVES = timedelta(hours=1)
LEEWAY_S = 10.0
MOST_KEPT = 4096
AGENT = Read("FROM fleet_agent a WHERE a.id = %s AND a.generation = %s AND a.revoked_at IS NULL", a=Agent)


class BadToken(Exception):
    """This token is unknown, expired, or of an agent that was revoked."""


def issue(agent: Agent) -> tuple[str, datetime]:
    """A token for this agent, and when it ends."""
    now = datetime.now(UTC)
    claims = {"aud": AUDIENCE, "sub": str(agent.pk), "gen": agent.generation, "iat": now, "exp": now + LIVES}
    return jwt.encode(claims, _key(str(settings.SECRET_KEY)), ALGORITHM), now + LIVES


def agent_behind(token: str) -> Agent:
    """The agent that may come in with this token. Raises BadToken."""
    claims = _read(token)
    row = AGENT.one(claims["sub"], claims["gen"])
    if row is None:
        raise BadToken(BadToken.__doc__)
    agent: Agent = row[0]
    return agent


_known: dict[tuple[str, ...], dict[str, int]] = {}


def _read(token: str) -> dict[str, int]:
    """What it says, checked; its signature once, its end each time. Whom the agent's row lets in is not kept."""
    key = token, str(settings.SECRET_KEY), *map(str, settings.SECRET_KEY_FALLBACKS)
    claims = _known.get(key)
    if claims is None:
        claims = _checked(token)
        if len(_known) >= MOST_KEPT:
            _known.clear()
        _known[key] = claims
    if claims["exp"] + LEEWAY_S <= datetime.now(UTC).timestamp():
        _known.pop(key, None)
        raise BadToken(BadToken.__doc__)
    return claims


def _checked(token: str) -> dict[str, int]:
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        try:
            claims = jwt.decode(
                token,
                _key(str(secret)),
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                leeway=LEEWAY_S,
                options={"require": ["aud", "sub", "gen", "exp", "iat"]},
            )
            return {name: int(claims[name]) for name in ("sub", "gen", "exp")}
        except (jwt.InvalidTokenError, TypeError, ValueError, OverflowError):
            continue
    raise BadToken(BadToken.__doc__)


def _key(secret: str) -> bytes:
    """For this purpose alone."""
    return hmac.new(secret.encode(), b"hive.agent-token", hashlib.sha256).digest()
