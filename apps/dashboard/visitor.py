"""Who asks for a page, and what they may do. Every page starts here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any, cast

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from apps.accounts.access import MAY_CHANGE, may_change, may_manage
from apps.accounts.models import Role, User

View = Callable[..., HttpResponse]


def page(*methods: str) -> Callable[[View], View]:
    """A page for signed-in people, by these methods (GET alone where none is named). Never kept by a cache."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return _send_to_sign_in(request)
            return view(request, *args, **kwargs)

        allowed = ["HEAD", *methods] if "GET" in methods else [*methods] or ["GET", "HEAD"]
        return cast(View, never_cache(require_http_methods(allowed)(guarded)))

    return decorate


def _send_to_sign_in(request: HttpRequest) -> HttpResponse:
    """A fragment of a page whose session ended must take the whole page to the sign-in, not be filled with it."""
    if "HX-Request" not in request.headers:
        return redirect_to_login(request.get_full_path() if request.method == "GET" else "/")
    here = request.headers.get("HX-Current-URL", "")
    safe = url_has_allowed_host_and_scheme(here, {request.get_host()}, require_https=request.is_secure())
    target = redirect_to_login(here if safe else "/")
    return HttpResponse(status=401, headers={"HX-Redirect": target["Location"]})


def visitor(request: HttpRequest) -> User:
    """The signed-in person."""
    assert isinstance(request.user, User)  # noqa: S101 - page() has let nobody else in
    return request.user


@dataclass(frozen=True)
class Rights:
    """What a person may do: for links that are worth showing. Each page asks again for its own."""

    is_operator: bool
    roles: Mapping[int, str]  # by organisation

    @property
    def change(self) -> bool:
        """Somewhere."""
        return self.is_operator or any(role in MAY_CHANGE for role in self.roles.values())

    @property
    def manage(self) -> bool:
        """Somewhere."""
        return self.is_operator or Role.OWNER in self.roles.values()

    def may_change(self, organisation_id: int) -> bool:
        return self.is_operator or self.roles.get(organisation_id) in MAY_CHANGE


def rights_of(request: HttpRequest) -> Rights:
    """Read once per request."""
    found: Rights | None = getattr(request, "hive_rights", None)
    if found is None:
        user = visitor(request)
        found = Rights(user.is_superuser, dict(user.memberships.values_list("organisation_id", "role")))
        request.hive_rights = found  # type: ignore[attr-defined]
    return found


def require_change(request: HttpRequest, organisation_id: int) -> User:
    """The person, if they may start, cancel, retry, approve here; 403 otherwise."""
    user = visitor(request)
    if not may_change(user, organisation_id):
        raise PermissionDenied("Your role here lets you look, not change. An owner can give you another one.")
    return user


def require_manage(request: HttpRequest, organisation_id: int) -> User:
    """The person, if they own this organisation; 403 otherwise."""
    user = visitor(request)
    if not may_manage(user, organisation_id):
        raise PermissionDenied("Only an owner of the organisation may see or change this.")
    return user


def require_operator(request: HttpRequest) -> User:
    """The person, if they run this installation; 403 otherwise."""
    user = visitor(request)
    if not user.is_superuser:
        raise PermissionDenied("This concerns the whole installation; it is for its operators.")
    return user


def back_to(request: HttpRequest, fallback: str, **kwargs: Any) -> str:
    """Where to go after a form: its own `next`, if that is a page of ours."""
    wanted = request.POST.get("next", "")
    if wanted and url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure()):
        return wanted
    return resolve_url(fallback, **kwargs)
