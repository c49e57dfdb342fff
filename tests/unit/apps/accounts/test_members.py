"""Members come, change and go; an organisation always keeps an owner."""

from __future__ import annotations

import pytest

from apps.accounts.members import MemberError, add_member, change_role, first_link, remove_member
from apps.accounts.models import Membership, Role, User
from apps.accounts.sign_in import spend
from tests.conftest import People


def of(user: User) -> Membership:
    return user.memberships.get()


def test_somebody_with_an_account_becomes_a_member(people: People) -> None:
    made = add_member(people.project.organisation, "outsider", Role.MEMBER)
    assert (made.user, made.role) == (people.outsider, "member")


def test_a_new_name_gets_an_account_without_a_password(people: People) -> None:
    made = add_member(people.project.organisation, " newcomer ", Role.VIEWER)
    assert (made.user.username, made.user.has_usable_password()) == ("newcomer", False)


def test_a_newcomer_gets_in_by_their_first_link(people: People) -> None:
    made = add_member(people.project.organisation, "newcomer", Role.VIEWER)
    assert spend(first_link(made).removeprefix("/enter/")) == made.user


def test_twice_is_said_to_be_so(people: People) -> None:
    with pytest.raises(MemberError, match="is a member already"):
        add_member(people.project.organisation, "teammate", Role.OWNER)
    assert of(people.teammate).role == Role.MEMBER


@pytest.mark.parametrize("name", ["", "two words", "x" * 151, "a/b"])
def test_a_name_that_is_none_makes_no_account(people: People, name: str) -> None:
    before = User.objects.count()
    with pytest.raises(MemberError):
        add_member(people.project.organisation, name, Role.MEMBER)
    assert User.objects.count() == before


def test_a_role_that_is_none_is_refused(people: People) -> None:
    with pytest.raises(MemberError, match="There is no role"):
        change_role(of(people.teammate), "king")


def test_the_last_owner_stays(people: People) -> None:
    for leave in (remove_member, lambda one: change_role(one, Role.MEMBER)):
        with pytest.raises(MemberError, match="needs an owner"):
            leave(of(people.owner))
    assert of(people.owner).role == Role.OWNER


def test_an_owner_may_leave_when_there_is_another(people: People) -> None:
    change_role(of(people.teammate), Role.OWNER)
    remove_member(of(people.owner))
    assert not people.owner.memberships.exists()


def test_no_owner_gets_a_way_into_the_account_of_somebody_else(people: People) -> None:
    """An outsider with an account is added, and then asked for their link: that would be taking them over."""
    made = add_member(people.project.organisation, "outsider", Role.MEMBER)
    with pytest.raises(MemberError, match="has signed in before"):
        first_link(made)


def test_nor_into_the_unused_account_of_another_organisation(people: People) -> None:
    add_member(people.foreign_project.organisation, "newcomer", Role.MEMBER)
    made = add_member(people.project.organisation, "newcomer", Role.MEMBER)
    with pytest.raises(MemberError):
        first_link(made)
