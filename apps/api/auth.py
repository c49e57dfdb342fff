"""Who asks: a person in a browser (session, with CSRF), or a program (Authorization: Api-Key hive_…)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from django.conf import settings
from django.contrib.auth import get_user
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.module_loading import import_string
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import authentication, exceptions, permissions
from rest_framework.request import Request

from apps.accounts.keys import find_key
from apps.accounts.models import ApiKey, User

SCHEME = "Api-Key"


class KeyAuthentication(authentication.BaseAuthentication):
    """`Authorization: Api-Key hive_…`. The key acts for its person, within its organisation, project and scopes."""

    def authenticate(self, request: Request) -> tuple[User, ApiKey] | None:
        scheme, _, presented = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != SCHEME.lower():
            return None
        key = find_key(presented.strip())
        if key is None:
            raise exceptions.AuthenticationFailed("This key is unknown, expired or revoked.", code="invalid_key")
        return key.user, key

    def authenticate_header(self, request: Request) -> str:
        return SCHEME


class SessionAuthentication(authentication.SessionAuthentication):
    """The dashboard's session. Who changes something shows the CSRF token, in the header X-CSRFToken."""

    def enforce_csrf(self, request: Request) -> None:
        try:
            super().enforce_csrf(request)
        except exceptions.PermissionDenied as error:
            raise exceptions.PermissionDenied(str(error.detail), code="csrf_failed") from None


class HasScope(permissions.BasePermission):
    """Signed in, and, with a key, with the scope that the view names for this method. A view that names none is shut.

    `scopes` of a view: {method: scope}, where an empty scope is enough for every valid key, and of several one is.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        if request.user is None:
            raise exceptions.NotAuthenticated(
                "Sign in, or send a key: Authorization: Api-Key hive_… (`hive token create` makes one)."
            )
        scopes: Mapping[str, str | tuple[str, ...]] = view.scopes
        wanted = scopes.get("GET" if request.method == "HEAD" else request.method or "")
        if wanted is None:
            return request.method not in view.allowed_methods  # then 405 says it better
        any_of = (wanted,) if isinstance(wanted, str) else wanted
        if wanted and request.auth is not None and set(any_of).isdisjoint(cast(ApiKey, request.auth).scopes):
            raise exceptions.PermissionDenied(f"This key lacks the scope {' or '.join(any_of)}.", code="scope_missing")
        return True


class Open(permissions.AllowAny):
    """For those few views that anybody may ask: health, the OpenAPI document, signed links."""


def who_now(request: HttpRequest, key: ApiKey | None) -> tuple[User, ApiKey | None] | None:
    """Whom a request that was let in a while ago stands for now; None if it would not be let in any more."""
    if key is not None:
        unexpired = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
        valid = ApiKey.objects.select_related("user").filter(unexpired, revoked_at=None, user__is_active=True)
        found = valid.filter(pk=key.pk).first()
        return (found.user, found) if found else None
    again = HttpRequest()
    again.session = import_string(f"{settings.SESSION_ENGINE}.SessionStore")(request.session.session_key)
    user = get_user(again)
    return (user, None) if isinstance(user, User) else None


class KeyScheme(OpenApiAuthenticationExtension):
    target_class = "apps.api.auth.KeyAuthentication"
    name = "key"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        about = "`Api-Key hive_…`, as `hive token create` prints it."
        return {"type": "apiKey", "in": "header", "name": "Authorization", "description": about}


class SessionScheme(OpenApiAuthenticationExtension):
    target_class = "apps.api.auth.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME}
