"""API keys: make one (shown once), and find whom a presented key stands for."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from apps.accounts.models import ApiKey, Organisation, User
from apps.sql.compiled import Compiled

# Enough for every face; a key is given as few as it needs.
ORDINARY = (
    "runs:read",
    "runs:write",
    "gates:write",
    "specs:read",
    "specs:write",
    "jobs:create",
    "jobs:read",
    "jobs:cancel",
    "code:read",
    "code:write",
)
ADMIN = "admin"  # what concerns the whole installation: for the keys of operators
SCOPES = (*ORDINARY, ADMIN)
USED_AT_MOST_EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class NewKey:
    row: ApiKey
    key: str  # the only time that it is seen


def create_key(
    user: User,
    organisation: Organisation,
    name: str,
    scopes: Iterable[str] = ORDINARY,
    *,
    expires_at: datetime | None = None,
    project_id: int | None = None,
) -> NewKey:
    """Make a key for this person. Raises ValueError for a scope that does not exist, or is not theirs to have."""
    wanted = list(scopes)
    if unknown := set(wanted) - set(SCOPES):
        raise ValueError(f"Unknown scopes: {', '.join(sorted(unknown))}. Known: {', '.join(SCOPES)}.")
    if ADMIN in wanted and not user.is_superuser:
        raise ValueError(f"The scope {ADMIN} is for operators.")
    prefix, secret = secrets.token_hex(4), secrets.token_urlsafe(32)
    row = ApiKey.objects.create(
        user=user,
        organisation=organisation,
        project_id=project_id,
        name=name,
        prefix=prefix,
        digest=_digest(secret),
        scopes=wanted,
        expires_at=expires_at,
    )
    return NewKey(row, f"hive_{prefix}_{secret}")


def _good(prefix: str) -> QuerySet[ApiKey]:
    return ApiKey.objects.select_related("user").filter(prefix=prefix, revoked_at=None, user__is_active=True).order_by()


_with_prefix = Compiled(_good, str)  # every request of a program begins with it


def find_key(presented: str) -> ApiKey | None:
    """The valid key behind these characters, or None: unknown, wrong, expired, revoked, or its person is inactive."""
    kind, _, rest = presented.partition("_")
    prefix, _, secret = rest.partition("_")
    if kind != "hive" or not secret:
        return None
    now = timezone.now()
    row = next(iter(_with_prefix.instances(prefix)), None)
    if row is None or not hmac.compare_digest(row.digest, _digest(secret)):
        return None
    if row.expires_at and row.expires_at <= now:
        return None
    _touch(row, now)
    return row


def _touch(row: ApiKey, now: datetime) -> None:
    """Note the use, at most once a minute: a busy key must not turn every read into a write."""
    stale = Q(last_used_at=None) | Q(last_used_at__lt=now - USED_AT_MOST_EVERY)
    if row.last_used_at is None or row.last_used_at < now - USED_AT_MOST_EVERY:
        ApiKey.objects.filter(stale, pk=row.pk).update(last_used_at=now)


def revoke_key(row: ApiKey) -> None:
    ApiKey.objects.filter(pk=row.pk, revoked_at=None).update(revoked_at=timezone.now())


def _digest(secret: str) -> str:
    """32 random bytes need no slow hash: there is nothing to guess."""
    return hashlib.sha256(secret.encode()).hexdigest()
