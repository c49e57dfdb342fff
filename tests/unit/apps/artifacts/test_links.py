"""Signed links: what they permit, and that nobody changes them."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from django.conf import settings

from apps.artifacts.store import links
from apps.artifacts.store.links import BadLink, LinkExpired, Permit

PERMIT = Permit("get", "runs/1/log", 60, file_name="output.log", content_type="text/plain")


def token_of(permit: Permit) -> str:
    return links.sign(permit).url.removeprefix(settings.STORE_LINKS)


def test_a_link_is_read_back_as_it_was_signed() -> None:
    assert links.read(token_of(PERMIT), "get") == PERMIT


def test_a_link_to_get_does_not_permit_to_put() -> None:
    with pytest.raises(BadLink, match="for get only"):
        links.read(token_of(PERMIT), "put")


def test_a_link_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    token = token_of(PERMIT)
    later = time.time() + 61
    monkeypatch.setattr(time, "time", lambda: later)
    with pytest.raises(LinkExpired):
        links.read(token, "get")


@pytest.mark.parametrize(
    "change",
    [
        lambda token: token[:-1],
        lambda token: "x" + token,
        lambda token: token.replace(":", ""),
        lambda token: "",
        str.swapcase,
    ],
)
def test_a_changed_link_is_refused(change: Callable[[str], str]) -> None:
    with pytest.raises(BadLink):
        links.read(change(token_of(PERMIT)), "get")


def test_a_session_cookie_is_not_a_link() -> None:
    from django.core import signing

    with pytest.raises(BadLink):
        links.read(signing.dumps({"operation": "get", "key": "k", "expires_s": 60}), "get")
