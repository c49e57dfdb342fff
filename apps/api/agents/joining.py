"""register, token, heartbeat: an agent joins, stays in, and is heard."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from typing import Any

from django.conf import settings
from django.http import HttpResponse, JsonResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.api.agents.base import AgentView, Lease, Tags
from apps.api.auth import Open
from apps.api.later import Later
from apps.api.operators import is_proxied
from apps.api.problems import Problem
from apps.fleet.held_beats import verdicts_in_time, watch_over
from apps.fleet.limits import CAPABILITIES_BYTES, LEASES, NAME, SLOTS
from apps.fleet.models import Agent
from apps.fleet.services.enrol import Introduction, NotEnrolled, agent_with, register
from apps.fleet.services.heartbeat import COMMANDS, Answer, Beat, beat, interval_s
from apps.fleet.services.silence import end_all_held
from apps.fleet.services.upgrade import ask_to_upgrade
from apps.fleet.tokens import issue

PROTOCOL = {"min": 1, "max": 1}
POLL_WAIT_S = 25


class Capabilities(serializers.DictField):
    """Anything that is small; the server looks at `sandboxes`."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if len(json.dumps(data)) > CAPABILITIES_BYTES:
            raise serializers.ValidationError(f"Use up to {CAPABILITIES_BYTES} bytes.")
        return dict(super().to_internal_value(data))


class Registration(serializers.Serializer[Any]):
    token = serializers.CharField(max_length=200)
    name = serializers.RegexField(rf"\A{NAME.pattern}\Z", max_length=100, trim_whitespace=False)
    tags = Tags(required=False, default=list)
    capabilities = Capabilities(required=False, default=dict)
    slots = serializers.IntegerField(min_value=1, max_value=SLOTS, default=1)
    version = serializers.CharField(max_length=40, default="", allow_blank=True)


class Credentials(serializers.Serializer[Any]):
    agent_id = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    credential = serializers.CharField(max_length=200)
    tags = Tags(required=False, allow_null=True, default=None)
    capabilities = Capabilities(required=False)
    slots = serializers.IntegerField(min_value=1, max_value=SLOTS, required=False)
    version = serializers.CharField(max_length=40, required=False)
    holds_nothing = serializers.BooleanField(default=False, help_text="Its process is new: what it had is gone.")


class HeldLease(serializers.Serializer[Any]):
    job = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    lease = Lease()


class Heard(serializers.Serializer[Any]):
    leases = serializers.ListField(child=HeldLease(), max_length=LEASES, default=list)
    load = serializers.FloatField(min_value=0, max_value=1e6, allow_null=True, default=None)
    free_disk_bytes = serializers.IntegerField(min_value=0, max_value=2**62, allow_null=True, default=None)
    heard = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1), max_length=COMMANDS, default=list
    )
    wait = serializers.FloatField(min_value=0, max_value=60, default=0)


def let_in(agent: Agent, **more: Any) -> dict[str, Any]:
    """What an agent needs to know to go on."""
    ask_to_upgrade(agent)
    token, expires_at = issue(agent)
    return {
        "agent_id": agent.pk,
        **more,
        "token": token,
        "expires_at": expires_at,
        "heartbeat_s": interval_s(busy=False),
        "poll_wait_s": POLL_WAIT_S,
        "lease_s": settings.LEASE_S,
        "protocol": PROTOCOL,
    }


@extend_schema(exclude=True)
class Register(AgentView):
    authentication_classes = ()
    permission_classes = (Open,)

    def post(self, request: Request) -> Response:
        said = self.said(Registration)
        try:
            joined = register(said.pop("token"), Introduction(**said))
        except NotEnrolled as error:
            raise Problem(403, "not_enrolled", str(error)) from None
        return Response(let_in(joined.agent, credential=joined.credential), status=201)


@extend_schema(exclude=True)
class Token(AgentView):
    """The next short token, for the credential; and what has changed about the machine since."""

    authentication_classes = ()
    permission_classes = (Open,)

    def post(self, request: Request) -> Response:
        said = self.said(Credentials)
        agent = agent_with(said["agent_id"], said["credential"])
        if agent is None:
            raise Problem(401, "invalid_credential", "This credential is unknown, or its agent was revoked.")
        changed: dict[str, Any] = {name: said[name] for name in ("slots", "version", "capabilities") if name in said}
        if said["tags"] is not None:
            changed["claimed_tags"] = said["tags"]
        if changed:
            Agent.objects.filter(pk=agent.pk).update(**changed)
        if said["holds_nothing"]:
            end_all_held(agent)
        return Response(let_in(agent))


@extend_schema(exclude=True)
class Heartbeat(AgentView):
    """With `wait`, an agent with jobs is answered when one of them is to stop, or after so many seconds."""

    def post(self, request: Request) -> HttpResponse:
        said = self.said(Heard)
        wait_s = said.pop("wait")
        leases = said["leases"] = {one["job"]: one["lease"] for one in said["leases"]}
        answer = beat(self.agent, Beat(**said))
        wait_s = min(wait_s, answer.interval_s)
        if wait_s and answer.may_wait:
            # A proxy's lines break when it is restarted, and then say nothing of the agents behind it.
            gone = None if is_proxied(request) else partial(watch_over, leases)
            return Later(partial(_held, self.agent.pk, leases, answer, wait_s), gone)
        return _told(answer)


async def _held(agent_id: int, leases: dict[int, str], answer: Answer, wait_s: float) -> HttpResponse:
    return _told(replace(answer, verdicts=await verdicts_in_time(agent_id, leases, answer.verdicts, wait_s)))


def _told(answer: Answer) -> HttpResponse:
    shown = {
        "leases": [{"job": job, "verdict": verdict} for job, verdict in answer.verdicts.items()],
        "commands": [{"id": pk, "command": kind} for pk, kind in answer.commands],
        "interval_s": answer.interval_s,
    }
    return JsonResponse(shown, headers={"Cache-Control": "no-store"})
