"""Every error of the API: application/problem+json (RFC 9457) with a stable `code`. The one exception handler."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.views import defaults
from rest_framework import exceptions
from rest_framework.exceptions import APIException

from apps.api.invalid import field_problems
from apps.artifacts.store import NotStored, StoreError
from apps.events.lifecycle import IllegalMove, MoveLost
from apps.events.stream import TooManyReaders
from apps.fleet.services.lease import NotYours
from apps.projects.code import BadName, Changed, CodeError, NotThere, Occupied, TooMuch
from apps.runs.services.output import LeaseLost

logger = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"
INVALID = "invalid"


class Problem(APIException):
    """Raised by a view: this status, this stable code, this sentence, and what else the reader needs."""

    def __init__(
        self, status: int, code: str, detail: str, headers: Mapping[str, str] | None = None, **more: Any
    ) -> None:
        super().__init__(detail, code)
        self.status_code = status
        self.headers = dict(headers or {})
        self.code = code
        self.more = more


def problem(status: int, code: str, detail: str, headers: Mapping[str, str] | None = None, **more: Any) -> HttpResponse:
    """The response itself; for those places that no exception reaches."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, "code": code}
    return JsonResponse({**body, **more}, status=status, content_type=CONTENT_TYPE, headers=dict(headers or {}))


def handle(exc: Exception, context: Mapping[str, Any]) -> HttpResponse:
    """What a view raised, as a problem. What nobody foresaw is logged with its traceback and told without one."""
    if isinstance(exc, APIException):
        return _of_rest_framework(exc)
    for kind, (status, code) in KNOWN.items():
        if isinstance(exc, kind):
            headers = {"Retry-After": "1"} if status == 503 else None
            return problem(status, code, SAID.get(code) or str(exc) or HTTPStatus(status).phrase, headers)
    request = context.get("request")
    logger.exception("action=api %s %s failed", getattr(request, "method", "?"), getattr(request, "path", "?"))
    return problem(500, "internal", "Something in Hive failed. It is in the web server's log.")


KNOWN: dict[type[BaseException], tuple[int, str]] = {
    Http404: (404, "not_found"),
    PermissionDenied: (403, "permission_denied"),
    RequestDataTooBig: (413, "too_large"),
    IllegalMove: (409, "conflict"),
    MoveLost: (409, "conflict"),
    NotYours: (404, "not_found"),
    LeaseLost: (409, "lease_lost"),
    NotStored: (404, "not_stored"),
    NotThere: (404, "not_there"),
    BadName: (422, "bad_name"),
    Changed: (412, "precondition_failed"),
    Occupied: (409, "occupied"),
    TooMuch: (413, "too_much"),
    CodeError: (422, "not_taken"),
    StoreError: (503, "store_unavailable"),
    TooManyReaders: (503, "too_many_streams"),
    OperationalError: (503, "database_unavailable"),
    InterfaceError: (503, "database_unavailable"),
}
# Said instead of the exception's own words, which would tell of addresses, or of what exists.
SAID = {
    "not_found": "There is nothing here, or nothing that you may see.",
    "not_stored": "The bytes of this artifact are no longer in the store.",
    "database_unavailable": "The database does not answer. Try again in a moment.",
    "too_large": "The request's body is too large.",
}
CODES = {"error": "bad_request", "parse_error": "malformed"}


def _of_rest_framework(exc: APIException) -> HttpResponse:
    headers = {}
    if header := getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = header
    if isinstance(exc, exceptions.ValidationError):
        return problem(422, INVALID, "The request is not valid.", headers, problems=field_problems(exc))
    if isinstance(exc, Problem):
        return problem(exc.status_code, exc.code, str(exc.detail), {**headers, **exc.headers}, **exc.more)
    if isinstance(exc, exceptions.Throttled):
        wait_s = max(int(getattr(exc, "wait", None) or 1), 1)
        headers["Retry-After"] = str(wait_s)
        return problem(429, "throttled", f"Too many requests. Try again in {wait_s} s.", headers, retry_after_s=wait_s)
    code = str(exc.get_codes()) if isinstance(exc.get_codes(), str) else exc.default_code
    detail = SAID.get(code) or str(exc.detail)
    return problem(exc.status_code, CODES.get(code, code), detail, headers)


Fallback = Callable[..., HttpResponseBase]


def _for_pages_too(page: Fallback, status: int, code: str, detail: str) -> Fallback:
    """A handler of the whole site: problems below /api/, pages elsewhere."""

    def handler(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.path.startswith("/api/"):
            return problem(status, code, detail)
        return page(request, *args, **kwargs)

    return handler


bad_request = _for_pages_too(defaults.bad_request, 400, "bad_request", "The request makes no sense.")
permission_denied = _for_pages_too(defaults.permission_denied, 403, "permission_denied", "You may not do this.")
page_not_found = _for_pages_too(defaults.page_not_found, 404, "not_found", SAID["not_found"])
server_error = _for_pages_too(
    defaults.server_error, 500, "internal", "Something in Hive failed. It is in the web server's log."
)
