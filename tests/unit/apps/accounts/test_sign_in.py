"""Links that let somebody in once, and the bound on guesses."""

from __future__ import annotations

from collections.abc import Iterator
from unittest import mock

import pytest
from django.core import signing
from django.core.cache import cache
from django.test.utils import override_settings

from apps.accounts import sign_in
from apps.accounts.models import User
from apps.accounts.sign_in import (
    GUESSES,
    GUESSES_PER_ADDRESS,
    forget_guesses,
    may_guess,
    sign_in_link,
    spend,
    who_enters,
)
from tests.conftest import People


@pytest.fixture(autouse=True)
def in_memory_cache() -> Iterator[None]:
    with override_settings(CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}):
        cache.clear()
        yield


def token(user: User) -> str:
    return sign_in_link(user).removeprefix("/enter/")


def test_a_link_lets_its_person_in_once(people: People) -> None:
    made = token(people.owner)
    assert spend(made) == people.owner
    assert spend(made) is None


def test_looking_at_a_link_does_not_use_it_up(people: People) -> None:
    made = token(people.owner)
    assert [who_enters(made), who_enters(made), spend(made)] == [people.owner] * 3


def test_of_two_who_come_at_the_same_moment_one_gets_in(people: People) -> None:
    """Both have looked before either writes."""
    made = token(people.owner)
    seen = [User.objects.get(pk=people.owner.pk) for _ in range(2)]
    with mock.patch.object(sign_in, "who_enters", side_effect=seen):
        assert [spend(made), spend(made)].count(None) == 1


def test_a_clock_that_stands_still_lets_nobody_in_twice(people: People) -> None:
    made = token(people.owner)
    spend(made)
    people.owner.refresh_from_db()
    with mock.patch("django.utils.timezone.now", return_value=people.owner.last_login):
        again = token(people.owner)
        assert spend(again) == people.owner
        assert spend(again) is None


def test_the_first_sign_in_ends_all_links_made_before(people: People) -> None:
    first, second = token(people.owner), token(people.owner)
    spend(second)
    assert who_enters(first) is None


def test_a_new_password_ends_a_link(people: People) -> None:
    made = token(people.owner)
    people.owner.set_password("another-long-password")
    people.owner.save()
    assert who_enters(made) is None


def test_a_link_ends_after_fifteen_minutes(people: People) -> None:
    made = token(people.owner)
    with mock.patch("time.time", return_value=__import__("time").time() + 15 * 60 + 1):
        assert who_enters(made) is None


def test_a_link_of_somebody_who_was_shut_out_is_nothing(people: People) -> None:
    made = token(people.owner)
    User.objects.filter(pk=people.owner.pk).update(is_active=False)
    assert spend(made) is None


def test_what_nobody_signed_lets_nobody_in(people: People) -> None:
    half = signing.dumps({"user": people.owner.pk}, salt="hive.sign-in-link")
    assert [spend(forged) for forged in ("", "x", "a:b:c", "\x00" * 20, half)] == [None] * 5


def test_one_name_from_one_address_may_be_tried_so_often(people: People) -> None:
    tries = [may_guess("owner", "10.0.0.1") for _ in range(GUESSES + 2)]
    assert tries == [True] * GUESSES + [False] * 2


def test_whoever_guesses_elsewhere_shuts_nobody_out(people: People) -> None:
    for _ in range(GUESSES + 1):
        may_guess("owner", "10.0.0.1")
    assert may_guess("owner", "10.0.0.2")


def test_capitals_are_not_another_name(people: People) -> None:
    for _ in range(GUESSES):
        may_guess("Owner", "10.0.0.1")
    assert not may_guess("oWNER", "10.0.0.1")


def test_an_address_that_tries_many_names_is_stopped(people: People) -> None:
    tries = [may_guess(f"name-{number}", "10.0.0.1") for number in range(GUESSES_PER_ADDRESS + 1)]
    assert tries.count(False) == 1


def test_who_got_in_starts_afresh(people: People) -> None:
    for _ in range(GUESSES):
        may_guess("owner", "10.0.0.1")
    forget_guesses("owner", "10.0.0.1")
    assert may_guess("owner", "10.0.0.1")


def test_without_its_cache_it_counts_in_memory(people: People) -> None:
    missing = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "unix:///nowhere/valkey.sock"}
    sign_in._memory.clear()
    with override_settings(CACHES={"default": missing}):
        assert [may_guess("owner", "10.0.0.9") for _ in range(GUESSES + 1)].count(False) == 1
