"""A job's output as text, as a whole or a range of its bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from django.conf import settings
from django.db import transaction
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request

from apps.api.agents.base import AgentAuthentication, IsAgent
from apps.api.agents.output import take_piece
from apps.api.base import READ_JOBS, ApiView
from apps.api.byte_ranges import RANGE, ranged
from apps.api.problems import Problem
from apps.api.rendering import AnyRenderer, binary
from apps.artifacts.queries import log_size, read_log
from apps.artifacts.retention import log_is_gone
from apps.events import clock
from apps.fleet.models import Agent

TEXT = "text/plain; charset=utf-8"


class PlainText(AnyRenderer):
    media_type = "text/plain"


class JobLog(ApiView):
    """People and keys read it; the agent that runs the job writes it."""

    scopes = READ_JOBS
    renderer_classes = (PlainText,)
    http_method_names = ("get", "head", "patch")

    @property
    def _writes(self) -> bool:
        return self.request is not None and self.request.method == "PATCH"

    def get_authenticators(self) -> list[Any]:
        return [AgentAuthentication()] if self._writes else super().get_authenticators()

    def get_permissions(self) -> Sequence[Any]:
        return [IsAgent()] if self._writes else super().get_permissions()

    def get_throttles(self) -> list[Any]:
        return [] if self._writes else super().get_throttles()

    @property
    def allowed_methods(self) -> list[str]:
        """What the document has: PATCH belongs to docs/agent-protocol.md, and is an agent's alone."""
        return [method for method in super().allowed_methods if method != "PATCH"]

    @extend_schema(exclude=True)
    def patch(self, request: Request, pk: int) -> HttpResponseBase:
        with transaction.atomic():
            return take_piece(request, cast(Agent, request.user), pk)

    @extend_schema(
        operation_id="job_log",
        parameters=[OpenApiParameter("Range", str, OpenApiParameter.HEADER, description=RANGE)],
        responses={(200, "text/plain"): binary("The output so far."), (206, "text/plain"): binary("The range.")},
    )
    def get(self, request: Request, pk: int) -> HttpResponseBase:
        """The job's output so far. With `Range: bytes=…`, a part of it; 416 where there is nothing yet."""
        job = get_object_or_404(self.caller.jobs(), pk=pk)
        size = log_size(job.pk)
        if not size and log_is_gone(job, clock.now()):
            detail = f"Output is kept for {settings.KEEP_LOG_DAYS} days after a job's end (HIVE_KEEP_LOG_DAYS)."
            raise Problem(410, "log_expired", detail)
        return ranged(request, size, lambda start, stop: read_log(job.pk, start, stop), content_type=TEXT)
