"""What a form answers: a page that changes by itself gets a sentence, any other a redirect with that sentence."""

from __future__ import annotations

import json

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from apps.dashboard.visitor import back_to


def said(request: HttpRequest, text: str, fallback: str, *, ok: bool = True, **kwargs: object) -> HttpResponse:
    """Tell the person, and show the page they came from (or `fallback`) with its new state."""
    if "HX-Request" in request.headers:
        told = {"hive:said": {"text": text, "tone": "good" if ok else "bad"}}
        return HttpResponse(status=204 if ok else 409, headers={"HX-Trigger": json.dumps(told)})
    (messages.success if ok else messages.error)(request, text)
    return HttpResponseRedirect(back_to(request, fallback, **kwargs))


def moved(request: HttpRequest, url: str, text: str = "") -> HttpResponse:
    """Take the person to another page."""
    if text:
        messages.success(request, text)
    if "HX-Request" in request.headers:
        return HttpResponse(status=204, headers={"HX-Redirect": url})
    return HttpResponseRedirect(url)
