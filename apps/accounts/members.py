"""Members of an organisation: add, change, remove. An organisation always keeps an owner."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from apps.accounts.models import Membership, Organisation, Role, User
from apps.accounts.sign_in import sign_in_link


class MemberError(ValueError):
    """The change is not possible; the text says why, for the person who asked."""


def add_member(organisation: Organisation, username: str, role: str) -> Membership:
    """Give somebody a role here; an account is made for a name that nobody has. Raises MemberError."""
    username = username.strip()
    role = _known(role)
    try:
        with transaction.atomic():
            user = User.objects.filter(username=username).first() or _new_user(username)
            return Membership.objects.create(organisation=organisation, user=user, role=role)
    except IntegrityError:
        raise MemberError(f"{username} is a member already; change the role in the list.") from None


def _new_user(username: str) -> User:
    user = User(username=username)
    user.set_unusable_password()
    try:
        user.full_clean(exclude=["password"])
    except ValidationError as error:
        raise MemberError(" ".join(error.messages)) from None
    user.save()
    return user


def change_role(membership: Membership, role: str) -> None:
    """Raises MemberError where that would leave the organisation without an owner."""
    role = _known(role)
    with transaction.atomic():
        if role != Role.OWNER:
            _refuse_without_owner(membership)
        Membership.objects.filter(pk=membership.pk).update(role=role)
    membership.role = role


def remove_member(membership: Membership) -> None:
    """Raises MemberError where that would leave the organisation without an owner."""
    with transaction.atomic():
        _refuse_without_owner(membership)
        Membership.objects.filter(pk=membership.pk).delete()


def first_link(membership: Membership) -> str:
    """A sign-in link to hand to somebody who has an account and has never used it. Raises MemberError.

    For anybody else a link made by an owner would be a way into another person's account.
    """
    user = membership.user
    elsewhere = Membership.objects.filter(user=user).exclude(organisation=membership.organisation_id).exists()
    if user.last_login or user.has_usable_password() or user.is_staff or user.is_superuser or elsewhere:
        raise MemberError(f"{user} has signed in before, so only {user} can make a way in.")
    return sign_in_link(user)


def _refuse_without_owner(membership: Membership) -> None:
    """Lock the owners first: two who step down at once must not both find the other still there."""
    owners = Membership.objects.select_for_update().filter(organisation_id=membership.organisation_id, role=Role.OWNER)
    if {owner.pk for owner in owners} == {membership.pk}:
        raise MemberError("An organisation needs an owner; make somebody else one first.")


def _known(role: str) -> str:
    if role not in Role.values:
        raise MemberError(f"There is no role {role!r}. Known: {', '.join(Role.values)}.")
    return role
