"""What a page of Hive may load and run: its own files, and nothing that stands in the page itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADER = "Content-Security-Policy"


@sync_and_async_middleware
def content_security_policy(get_response: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the policy to every answer that has none of its own.

    So a log, a title or a file name that some job chose stays text, even where a template forgot to escape it.
    Both kinds, as a sync-only middleware would cost every live stream a thread.
    """
    if iscoroutinefunction(get_response):

        async def guarded_async(request: HttpRequest) -> HttpResponseBase:
            return _with_policy(await get_response(request))

        return guarded_async

    def guarded(request: HttpRequest) -> HttpResponseBase:
        return _with_policy(get_response(request))

    return guarded


def _with_policy(response: HttpResponseBase) -> HttpResponseBase:
    response.headers.setdefault(HEADER, POLICY)
    response.headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
    return response
