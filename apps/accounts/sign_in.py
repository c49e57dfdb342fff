"""Ways in: a link that works once, and a bound on how often somebody may guess a password."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

from django.core import signing
from django.core.cache import cache
from django.core.cache.backends.base import BaseCache
from django.core.cache.backends.locmem import LocMemCache
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from redis import RedisError

from apps.accounts.models import User

logger = logging.getLogger(__name__)
T = TypeVar("T")

ENTER = "enter"  # the first word of the link's path; the page behind it is the dashboard's
SALT = "hive.sign-in-link"
LINK_AGE_S = 15 * 60

GUESSES = 10  # per name and address; an attacker elsewhere cannot lock a person out
GUESSES_PER_ADDRESS = 100
GUESS_WINDOW_S = 300

_memory = LocMemCache("hive-guesses", {})


def sign_in_link(user: User) -> str:
    """A path that signs this person in once, within 15 minutes.

    It carries no secret of its own: it is signed, and bound to the person's last sign-in and password. So the first
    sign-in, by this link or otherwise, ends every link that was made before it.
    """
    token = signing.dumps({"user": user.pk, "state": _state(user)}, salt=SALT)
    return f"/{ENTER}/{token}"


def who_enters(token: str) -> User | None:
    """Whom this token would sign in now; None if it is forged, too old, or used. Changes nothing."""
    try:
        said = signing.loads(token, salt=SALT, max_age=LINK_AGE_S)
        user = User.objects.filter(pk=said["user"], is_active=True).first()
        return user if user and constant_time_compare(said["state"], _state(user)) else None
    except (signing.BadSignature, KeyError, TypeError):
        return None


def spend(token: str) -> User | None:
    """Use the link up. Of two who come at once, one UPDATE lets one of them in."""
    user = who_enters(token)
    if user is None:
        return None
    now = _after(user.last_login)
    taken = User.objects.filter(pk=user.pk, is_active=True, last_login=user.last_login, password=user.password).update(
        last_login=now
    )
    if not taken:
        return None
    user.last_login = now
    return user


def _state(user: User) -> str:
    """What changes with every sign-in and every new password."""
    seen = user.last_login.isoformat() if user.last_login else "never"
    return salted_hmac(SALT, f"{user.pk} {seen} {user.password}").hexdigest()[:32]


def _after(last: datetime | None) -> datetime:
    """Now, and never the moment of the last sign-in: the clock may stand still, the state must not."""
    now = timezone.now()
    return now if last is None or now > last else last + timedelta(microseconds=1)


def may_guess(name: str, address: str) -> bool:
    """Count one try to sign in; False if this name from this address, or this address, has tried too often.

    Counted before the password is looked at, so that many tries at once cannot slip through together.
    """
    counts = (_count(f"{name.lower()[:150]} {address}"), _count(address))
    return counts[0] <= GUESSES and counts[1] <= GUESSES_PER_ADDRESS


def forget_guesses(name: str, address: str) -> None:
    """The person got in: what they mistyped before does not count."""
    _on_cache(lambda store: store.delete(_key(f"{name.lower()[:150]} {address}")))


def _count(what: str) -> int:
    return _on_cache(lambda store: _increment(store, _key(what)))


def _increment(store: BaseCache, key: str) -> int:
    store.add(key, 0, GUESS_WINDOW_S)
    try:
        return store.incr(key)
    except ValueError:  # it expired between the two
        store.set(key, 1, GUESS_WINDOW_S)
        return 1


def _key(what: str) -> str:
    return "guess:" + salted_hmac("hive.guess", what).hexdigest()[:32]


def _on_cache(call: Callable[[BaseCache], T]) -> T:
    """Do it on the shared cache; with that away, on this process's own memory: less exact, still a bound."""
    try:
        return call(cache)
    except (RedisError, OSError) as error:
        logger.warning("action=count_guess cache away: %s", error)
        return call(_memory)
