"""Who runs this installation: they may see what concerns all of it, and how it is built."""

from __future__ import annotations

import ipaddress

from django.http import HttpRequest

from apps.accounts.keys import find_key
from apps.api.auth import SCHEME

PROXIED = ("X-Forwarded-For", "Forwarded", "X-Real-Ip", "Via")


def is_operator(request: HttpRequest) -> bool:
    """A superuser's key, a staff session, or whoever asks from this machine itself without a proxy in between."""
    scheme, _, presented = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == SCHEME.lower():
        key = find_key(presented.strip())
        return key is not None and key.user.is_superuser
    return is_local(request) or (request.user.is_authenticated and request.user.is_staff)


def is_proxied(request: HttpRequest) -> bool:
    """It says that a proxy passed it on."""
    return any(name in request.headers for name in PROXIED)


def is_local(request: HttpRequest) -> bool:
    if is_proxied(request):
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False
