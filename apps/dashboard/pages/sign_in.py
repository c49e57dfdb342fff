"""In and out: by name and password, by a link that works once, and a new password."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth import login, logout, update_session_auth_hash
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm, SetPasswordForm
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from apps.accounts.sign_in import forget_guesses, may_guess, spend, who_enters
from apps.dashboard.visitor import page, visitor

ENTERED = "entered_at"  # in the session: when its person came in by a link
BACKEND = "django.contrib.auth.backends.ModelBackend"
FRESH_S = 15 * 60


class SignInForm(AuthenticationForm):
    """Counts the tries before it looks at the password."""

    def clean(self) -> dict[str, Any]:
        name = str(self.cleaned_data.get("username") or "")
        if not may_guess(name, _address(self.request)):
            raise ValidationError("Too many tries. Wait five minutes, or come in by a link: `hive` prints one.")
        cleaned = super().clean()
        forget_guesses(name, _address(self.request))
        return cleaned


def _address(request: HttpRequest | None) -> str:
    return request.META.get("REMOTE_ADDR", "") if request else ""


def _next(request: HttpRequest) -> str:
    """Where to go after signing in: only ever a page of ours."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    safe = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if safe else "/"


@never_cache
def sign_in(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        return HttpResponseRedirect(_next(request))
    form = SignInForm(request, request.POST or None)
    if request.method == "POST" and form.is_valid():
        login(request, form.get_user())
        return HttpResponseRedirect(_next(request))
    context = {"form": form, "next": _next(request)}
    return render(request, "dashboard/sign_in.html", context, status=200 if request.method == "GET" else 422)


@never_cache
def admin_door(request: HttpRequest) -> HttpResponse:
    """Instead of Django admin's own sign-in, which counts no tries."""
    if request.user.is_authenticated:
        raise PermissionDenied("The records are for operators; your account is not one.")
    return redirect_to_login(_next(request))


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect("dashboard:sign_in")


@never_cache
def enter(request: HttpRequest, token: str) -> HttpResponse:
    """Opening the link shows a button and changes nothing: a program that looks at links does not use it up."""
    if request.method == "POST":
        user = spend(token)
        if user is not None:
            login(request, user, backend=BACKEND)
            request.session[ENTERED] = timezone.now().timestamp()
            return HttpResponseRedirect(_next(request))
    user = who_enters(token)
    if user is None and request.user.is_authenticated and request.method == "GET":
        return HttpResponseRedirect(_next(request))  # opened again by somebody who is in already
    context = {"user_to_be": user, "next": _next(request)}
    return render(request, "dashboard/enter.html", context, status=200 if user else 410)


@page("GET", "POST")
def password(request: HttpRequest) -> HttpResponse:
    """Who came in by a link a moment ago, or never had a password, is not asked for the old one."""
    user = visitor(request)
    asks_old = user.has_usable_password() and not _entered_just_now(request)
    form_class = PasswordChangeForm if asks_old else SetPasswordForm
    form = form_class(user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        update_session_auth_hash(request, form.save())
        messages.success(request, "The password is changed. Every other session has been signed out.")
        return redirect("dashboard:password")
    context = {"form": form, "asks_old": asks_old}
    return render(request, "dashboard/password.html", context, status=200 if request.method == "GET" else 422)


def _entered_just_now(request: HttpRequest) -> bool:
    entered = float(request.session.get(ENTERED, 0))
    return timezone.now().timestamp() - entered < FRESH_S
