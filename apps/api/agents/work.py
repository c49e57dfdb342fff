"""next, status, artifacts: an agent is given jobs, says how they go, and hands in what they made."""

from __future__ import annotations

import base64
from collections.abc import Callable
from functools import partial
from typing import Any

from django.conf import settings
from django.http import HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from apps.api.agents.base import AgentView, Lease, OneTransaction
from apps.api.later import Later
from apps.api.problems import Problem
from apps.fleet.limits import BODY_BYTES, COMMANDS, FILES_AT_ONCE, SLOTS
from apps.fleet.services.acknowledge import acknowledge
from apps.fleet.services.hand_out import Undeliverable, hand_out
from apps.fleet.services.offer import OFFER_S, Offer, offer_up_to
from apps.fleet.services.receive_log import Piece, TooMuchOutput
from apps.fleet.services.report import REASONS, Said, report
from apps.fleet.services.seen import seen
from apps.fleet.services.uploads import Announced, UploadRefused, Wanted, announce, finish_uploads
from apps.fleet.waiting import current_waiting
from apps.runs.states import Reason

LONGEST_WAIT_S = 60.0
JOB_ID = serializers.IntegerField(min_value=1, max_value=2**63 - 1)


@extend_schema(exclude=True)
class NextJob(AgentView):
    """Up to `capacity` jobs; with `wait`, as soon as there are any, within so many seconds. 204: there are none."""

    def get(self, request: Request) -> HttpResponseBase:
        wait_s = _number(request, "wait", LONGEST_WAIT_S, 0)
        capacity = int(_number(request, "capacity", SLOTS, 1))
        seen(self.agent)
        if wait_s:  # one look for all who wait, at once: what came a moment ago is found, too
            return Later(partial(_wait, self.agent.pk, capacity, wait_s))
        return _told(offer_up_to(self.agent, capacity))


async def _wait(agent_id: int, capacity: int, wait_s: float) -> HttpResponse:
    return _told(await current_waiting().wait(agent_id, capacity, wait_s))


def _told(offers: list[Offer]) -> HttpResponse:
    if not offers:
        return HttpResponse(status=204)
    return JsonResponse(_shown(offers), headers={"Cache-Control": "no-store"})


def _shown(offers: list[Offer]) -> dict[str, Any]:
    jobs = [{"id": one.job_id, "lease": one.lease, "acknowledge_within_s": OFFER_S} for one in offers]
    return {"jobs": jobs, "lease_s": settings.LEASE_S}


def _number(request: Request, name: str, most: float, default: float) -> float:
    text = request.query_params.get(name, str(default))
    try:
        return min(max(float(text), 0), most)
    except ValueError:
        raise ValidationError({name: ["Use a number."]}) from None


class Log(serializers.Serializer[Any]):
    bytes = serializers.IntegerField(min_value=0, max_value=2**62)
    crc32 = serializers.IntegerField(min_value=0, max_value=2**32 - 1)


class Rest(serializers.Serializer[Any]):
    """The end of the output, from this byte on, in base64."""

    start = serializers.IntegerField(min_value=0, max_value=2**62)
    data = serializers.CharField(max_length=BODY_BYTES, allow_blank=True, trim_whitespace=False)  # type: ignore[assignment]

    def validate_data(self, text: str) -> bytes:
        try:
            return base64.b64decode(text, validate=True)
        except ValueError:
            raise ValidationError("Use base64.") from None


class Ran(serializers.Serializer[Any]):
    command = serializers.CharField(max_length=4000, allow_blank=True, trim_whitespace=False)
    exit_code = serializers.IntegerField(min_value=-1000, max_value=1000, allow_null=True, default=None)
    seconds = serializers.FloatField(min_value=0, default=0)
    reason = serializers.CharField(max_length=30, allow_blank=True, default="")
    message = serializers.CharField(max_length=4000, allow_blank=True, default="")
    log_from = serializers.IntegerField(min_value=0, max_value=2**62, default=0)
    log_to = serializers.IntegerField(min_value=0, max_value=2**62, default=0)


class Failure(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=500, allow_blank=True)
    message = serializers.CharField(max_length=2000, allow_blank=True)
    file = serializers.CharField(max_length=500, allow_blank=True, default="")
    line = serializers.IntegerField(min_value=0, max_value=10**8, default=0)


class Slow(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=500, allow_blank=True)
    seconds = serializers.FloatField(min_value=0, max_value=1e9)


class Counts(serializers.Serializer[Any]):
    """What the job's JUnit reports say: see workers.junit."""

    passed = serializers.IntegerField(min_value=0, max_value=2**31 - 1)
    failed = serializers.IntegerField(min_value=0, max_value=2**31 - 1)
    skipped = serializers.IntegerField(min_value=0, max_value=2**31 - 1)
    seconds = serializers.FloatField(min_value=0, max_value=1e9, default=0)
    failures = serializers.ListField(child=Failure(), max_length=20, default=list)
    slowest = serializers.ListField(child=Slow(), max_length=10, default=list)


class Begins(serializers.Serializer[Any]):
    """An acknowledgement; whatever else it says is passed over."""

    lease = Lease()


class Status(serializers.Serializer[Any]):
    lease = Lease()
    state = serializers.ChoiceField(["running", "completed", "failed", "canceled"])
    reason = serializers.ChoiceField(["", *sorted(REASONS), Reason.CANCELED_BY_USER], default="", allow_blank=True)
    message = serializers.CharField(max_length=8000, default="", allow_blank=True)
    exit_code = serializers.IntegerField(min_value=-1000, max_value=1000, allow_null=True, default=None)
    commands = serializers.ListField(child=Ran(), max_length=COMMANDS, default=list)
    counts = Counts(allow_null=True, default=None)
    log = Log(required=False)
    output = Rest(required=False)
    prepared_s = serializers.FloatField(min_value=0, max_value=1e9, allow_null=True, default=None)
    next = serializers.IntegerField(min_value=0, max_value=SLOTS, default=0, help_text="How many jobs it takes now.")


@extend_schema(exclude=True)
class JobStatusView(OneTransaction, AgentView):
    """`running` acknowledges an offer, and the answer holds the order; the other states are the final word.

    Saying the same again changes nothing. 202: the output is not whole yet. 409: the lease is no longer valid.
    """

    def put(self, request: Request, pk: int) -> HttpResponse:
        if isinstance(request.data, dict) and request.data.get("state") == "running":
            return self._begin(pk, self.said(Begins)["lease"], request.build_absolute_uri)
        said = self.said(Status)
        log = said.get("log") or {"bytes": 0, "crc32": 0}
        try:
            recorded = report(self.agent, pk, said["lease"], _final(said, log["bytes"], log["crc32"]))
        except TooMuchOutput as error:
            raise Problem(413, "too_much_output", str(error)) from None
        if not recorded:
            return JsonResponse({"recorded": False}, status=202)
        return JsonResponse({"recorded": True, **self._more(said["next"])})

    def _more(self, capacity: int) -> dict[str, Any]:
        """Offers for who has said that it takes more, in the same transaction: last in it, for others that are given
        jobs at this moment wait for its end.
        """
        if not capacity:
            return {}
        seen(self.agent)
        offers = offer_up_to(self.agent, capacity)
        return _shown(offers) if offers else {}

    def _begin(self, pk: int, lease: str, absolute: Callable[[str], str]) -> HttpResponse:
        job = acknowledge(self.agent, pk, lease)
        try:
            order = hand_out(job, absolute)
        except Undeliverable as error:
            raise Problem(409, "lease_lost", str(error)) from None
        return JsonResponse({"order": order.as_json()})


def _final(said: dict[str, Any], log_bytes: int, log_crc32: int) -> Said:
    reason, rest = said["reason"], said.get("output")
    if said["state"] == "completed":
        reason = ""
    elif not reason or reason == Reason.CANCELED_BY_USER:  # that somebody canceled it, the run knows; nobody did
        reason = Reason.LOST if said["state"] == "canceled" else Reason.SCRIPT_FAILED
    return Said(
        reason=reason,
        message=said["message"],
        exit_code=said["exit_code"],
        commands=[dict(one) for one in said["commands"]],
        counts=said["counts"],
        log_bytes=log_bytes,
        log_crc32=log_crc32,
        prepared_s=said["prepared_s"],
        rest=Piece(rest["start"], rest["data"], is_last=True) if rest else None,
    )


class File(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=200, trim_whitespace=False)
    kind = serializers.CharField(max_length=12, default="file")
    size_bytes = serializers.IntegerField(min_value=0, max_value=2**62)
    sha256 = serializers.RegexField("^[0-9a-f]{64}$")


class Files(serializers.Serializer[Any]):
    """Either announces files, or finishes uploads."""

    lease = Lease()
    files = serializers.ListField(child=File(), max_length=FILES_AT_ONCE, default=list)
    finish = serializers.ListField(child=JOB_ID, max_length=FILES_AT_ONCE, default=list)
    in_parts = serializers.BooleanField(default=False, help_text="Whether the agent can send a large file in parts.")


@extend_schema(exclude=True)
class JobArtifacts(AgentView):
    def post(self, request: Request, pk: int) -> Response:
        said = self.said(Files)
        try:
            kept = finish_uploads(self.agent, pk, said["lease"], said["finish"])
            files = [Announced(**one) for one in said["files"]]
            wanted = announce(self.agent, pk, said["lease"], files, in_parts=said["in_parts"])
        except UploadRefused as error:
            raise Problem(422, "upload_refused", str(error)) from None
        uploads = [_upload(one, request.build_absolute_uri) for one in wanted]
        return Response({"uploads": uploads, "kept": [artifact.name for artifact in kept]})


def _upload(wanted: Wanted, absolute: Callable[[str], str]) -> dict[str, Any]:
    link = wanted.link
    return {
        "id": wanted.row.pk,
        "name": wanted.row.name,
        "url": absolute(link.url) if link else None,
        "expires_at": link.expires_at if link else None,
        "parts": [
            {"number": part.number, "first": part.first, "size_bytes": part.size_bytes, "url": absolute(part.link.url)}
            for part in wanted.parts
        ],
    }
