"""Live streams: a run's events, and a job's output, as text/event-stream."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any, ClassVar

from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

from apps.accounts.models import ApiKey
from apps.api.auth import who_now
from apps.api.base import READ_JOBS, READ_RUNS, ApiView, Scopes
from apps.api.caller import Caller
from apps.api.rendering import AnyRenderer, binary
from apps.api.runs import run_of
from apps.api.stream_frames import log_frames, run_frames
from apps.events.stream import require_room

BIGGEST = 2**63 - 1
POSITION = {"type": "integer", "minimum": 0, "maximum": BIGGEST}
RESUME = [
    OpenApiParameter("Last-Event-ID", POSITION, OpenApiParameter.HEADER, description="Go on after this `id`."),
    OpenApiParameter("after", POSITION, description="The same, for who cannot set headers."),
]
UNTIL = OpenApiParameter(
    "until", str, enum=["end"], description="`end`: once the run has ended, say `event: end` and close."
)
STREAM = {(200, "text/event-stream"): binary("The stream.")}


class EventStream(AnyRenderer):
    media_type = "text/event-stream"


class StreamView(ApiView):
    scopes: ClassVar[Scopes] = READ_RUNS
    renderer_classes = (EventStream, JSONRenderer)


class RunStream(StreamView):
    @extend_schema(operation_id="run_stream", parameters=[*RESUME, UNTIL], responses=STREAM)
    def get(self, request: Request, pk: int) -> HttpResponseBase:
        """A run's events as they happen: `id:` is the number, `event:` the type, `data:` the event as JSON.

        What is stored after `Last-Event-ID` comes first, then what arrives; nothing is lost, doubled or out of order.
        """
        run = run_of(self, pk)
        until = request.query_params.get("until")
        if until not in (None, "end"):
            raise ValidationError({"until": ["Use `end`, or leave it out."]})
        allowed = partial(may_still_read, request, lambda caller: caller.runs().filter(pk=run.pk).exists())
        position = read_position(request)
        return _response(request, run_frames(run.pk, position, until_end=until == "end", allowed=allowed))


class LogStream(StreamView):
    scopes = READ_JOBS

    @extend_schema(operation_id="job_log_stream", parameters=RESUME, responses=STREAM)
    def get(self, request: Request, pk: int) -> HttpResponseBase:
        """A job's output as it is printed: `id:` is the byte offset after the piece, `data:` is {offset, text}.

        At the end comes `event: end`, and the stream closes; who watches should close it too, and not connect again.
        """
        job = get_object_or_404(self.caller.jobs(), pk=pk)
        sees = partial(self._sees, job.pk)
        allowed = partial(may_still_read, request, sees, READ_JOBS["GET"])
        return _response(request, log_frames(job.pk, read_position(request), allowed=allowed))

    @staticmethod
    def _sees(job_id: int, caller: Caller) -> bool:
        return caller.jobs().filter(pk=job_id).exists()


def read_position(request: Request) -> int:
    """Where to go on: the header, which a browser sends by itself when it connects again, before the parameter."""
    name = "Last-Event-ID"
    text = request.headers.get(name, "").strip()
    if not text:
        name, text = "after", request.query_params.get("after", "0")
    if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= BIGGEST):
        raise ValidationError({name: [f"Use a whole number from 0 to {BIGGEST}."]})
    return int(text)


def may_still_read(
    request: Request, sees: Callable[[Caller], bool], scopes: tuple[str, ...] = (READ_RUNS["GET"],)
) -> bool:
    """Whether who was let in would be let in now. Blocking."""
    now = who_now(request._request, request.auth if isinstance(request.auth, ApiKey) else None)
    if now is None:
        return False
    caller = Caller(*now)
    return caller.has_scope(*scopes) and sees(caller)


def _response(request: Request, frames: AsyncIterator[bytes]) -> StreamingHttpResponse:
    require_room()
    content: Any = frames if request.method == "GET" else ()  # HEAD would wait for the end of what it is not sent
    response = StreamingHttpResponse(content, content_type="text/event-stream; charset=utf-8")
    response["Cache-Control"] = "no-store, no-transform"
    response["X-Accel-Buffering"] = "no"  # nginx would gather pieces until they fill a buffer
    return response
