"""Who may see and do what. Every face asks here; somebody else's things do not exist (404)."""

from __future__ import annotations

from django.db.models import QuerySet

from apps.accounts.models import Organisation, Role, User
from apps.sql.execute import carried_out

ROLE = "SELECT role FROM accounts_membership WHERE user_id = %s AND organisation_id = %s"
MAY_CHANGE = (Role.OWNER, Role.MEMBER)


def visible_organisations(user: User) -> QuerySet[Organisation]:
    """The organisations whose things this person may see. An operator (superuser) sees all."""
    if user.is_superuser:
        return Organisation.objects.all()
    return Organisation.objects.filter(memberships__user=user)


def may_change(user: User, organisation_id: int) -> bool:
    """Start, cancel, retry, approve, write specs."""
    return user.is_superuser or _has_role(user, organisation_id, MAY_CHANGE)


def may_manage(user: User, organisation_id: int) -> bool:
    """Members, keys, secrets, policies."""
    return user.is_superuser or _has_role(user, organisation_id, (Role.OWNER,))


def _has_role(user: User, organisation_id: int, roles: tuple[str, ...]) -> bool:
    with carried_out(ROLE, [user.pk, organisation_id]) as cursor:
        found = cursor.fetchone()
    return found is not None and found[0] in roles
