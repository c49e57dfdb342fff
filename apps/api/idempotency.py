"""Idempotency-Key: a request that is sent again, because its answer got lost, starts nothing again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from apps.api.caller import Caller
from apps.api.models import StartedOnce
from apps.api.problems import Problem
from apps.runs.models import Run

KEPT = timedelta(days=1)
HEADER = "Idempotency-Key"
MAX_LENGTH = 200
IDEMPOTENCY_KEY = OpenApiParameter(
    HEADER,
    {"type": "string", "minLength": 1, "maxLength": MAX_LENGTH, "pattern": "^[!-~]+$"},
    OpenApiParameter.HEADER,
    description="A name for this request, such as a UUID. Sent again within a day, it starts nothing new.",
)


@dataclass(frozen=True)
class Started:
    run: Run
    replayed: bool = False


def read_key(request: Request) -> str:
    """The header's value; empty where there is none. Raises ValidationError."""
    key = request.headers.get(HEADER)
    if key is None:
        return ""
    if not (key.isascii() and key.isprintable() and 0 < len(key) <= MAX_LENGTH and " " not in key):
        raise ValidationError({HEADER: [f"Use 1 to {MAX_LENGTH} visible ASCII characters, without spaces."]})
    return key


def once(caller: Caller, key: str, request_data: Any, start: Callable[[], Run]) -> Started:
    """Start the run, or find the one that the same request has started. Raises Problem for another request's key.

    The run and the key are written together. Of two at once one finds the key taken; its run is then not there at all,
    and no message was sent for it.
    """
    if not key:
        return Started(start())
    digest = hashlib.sha256(json.dumps(request_data, sort_keys=True).encode()).hexdigest()
    now = timezone.now()
    StartedOnce.objects.filter(user=caller.user, key=key, created_at__lt=now - KEPT).delete()
    if known := _find(caller, key, digest):
        return known
    try:
        with transaction.atomic():
            run = start()
            StartedOnce.objects.create(user=caller.user, key=key, digest=digest, run=run, created_at=now)
    except IntegrityError:
        known = _find(caller, key, digest)
        if known is None:
            raise
        return known
    _forget(now)
    return Started(run)


def _find(caller: Caller, key: str, digest: str) -> Started | None:
    row = StartedOnce.objects.filter(user=caller.user, key=key).first()
    if row is None:
        return None
    if row.digest != digest:
        detail = f"{HEADER} {key} came with another request before. Use a new one for a new request."
        raise Problem(422, "idempotency_key_reused", detail)
    run = caller.runs().select_related("project", "created_by").filter(pk=row.run_id).first()
    if run is None:
        raise Problem(404, "not_found", "The run that this request has started is not one that you may see.")
    return Started(run, replayed=True)


def _forget(now: Any) -> None:
    """Remove some of what is too old to count, a few with each new one, so that the table stays small by itself."""
    old = StartedOnce.objects.filter(created_at__lt=now - KEPT).order_by("created_at")
    StartedOnce.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:20])).delete()
