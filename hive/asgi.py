"""The web server's entry point: `uvicorn hive.asgi:application --lifespan off`."""

from __future__ import annotations

import gc
import os
import re

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hive.settings")

import django

django.setup()

from django.conf import settings  # noqa: E402 - Django has to be set up first
from django.http import HttpResponse  # noqa: E402

from apps.accounts.keys import find_key  # noqa: E402
from apps.api.auth import SCHEME  # noqa: E402
from apps.api.problems import problem  # noqa: E402
from apps.artifacts.store import links  # noqa: E402
from apps.events.stream import Pool  # noqa: E402
from apps.fleet.limits import BODY_BYTES  # noqa: E402
from apps.projects.uploads import is_link  # noqa: E402
from hive.handler import Handler, Receive, Scope, Send, declared_bytes  # noqa: E402
from hive.reaching import Reaching  # noqa: E402

UPLOADS = re.compile(r"(?:/api/v1/uploads|/projects/\d+/upload)/([^/]+)")


def largest_body(scope: Scope) -> int:
    """In bytes. Only who holds a link may send more than a spec needs: to the store exactly as much as it says."""
    path: str = scope["path"]
    if scope["method"] == "PUT" and path.startswith(settings.STORE_LINKS):
        try:
            return links.read(path.removeprefix(settings.STORE_LINKS), "put", "part").size_bytes
        except links.BadLink:
            pass
    if path.startswith("/api/v1/agent/"):
        return BODY_BYTES
    found = UPLOADS.fullmatch(path) if scope["method"] in ("PUT", "POST") else None
    if found and is_link(found[1]):
        return settings.GIT_LIMIT_BYTES
    return settings.API_MAX_BODY_BYTES


def largest_submission(scope: Scope) -> int:
    """Nobody fills the disk whom nobody knows: a package is taken from who has a key to send one."""
    if 0 < declared_bytes(scope) <= settings.API_MAX_BODY_BYTES:
        return settings.API_MAX_BODY_BYTES
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    scheme, _, presented = headers.get("authorization", "").partition(" ")
    key = find_key(presented.strip()) if scheme.lower() == SCHEME.lower() else None
    if key is None or "jobs:create" not in key.scopes:
        return settings.API_MAX_BODY_BYTES
    return settings.CI_PACKAGE_BYTES + settings.API_MAX_BODY_BYTES


def too_large(scope: Scope, limit: int) -> HttpResponse:
    detail = f"The body of this request may hold up to {limit:,} bytes."
    headers = {"Connection": "close"}
    if scope["path"].startswith("/api/"):
        return problem(413, "too_large", detail, headers)
    return HttpResponse(detail, status=413, content_type="text/plain", headers=headers)


# Whoever decides by these to restart Hive must not be misled by pages that wait.
APART = {"/healthz": Pool("hive-alive", 1), "/readyz": Pool("hive-ready", 2)}

LARGER = {"/api/v1/ci/jobs": largest_submission}

handler = Handler(Pool("hive-web", settings.WEB_THREADS), largest_body, too_large, APART, LARGER)
reaching = Reaching()


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    reaching.start()
    await handler(scope, receive, send)


# A page makes thousands of objects, and nearly all of them go by themselves: to look for the others after every 700, as
# Python does, took an eighth of a page's time.
gc.set_threshold(10_000, 20, 20)
