"""AgentView: who asks is an agent, by the short token that it was given (Authorization: Bearer …)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any, cast

from django.db import transaction
from rest_framework import authentication, exceptions, parsers, permissions, serializers
from rest_framework.request import Request

from apps.api.base import ApiView
from apps.api.problems import Problem
from apps.fleet.limits import BODY_BYTES, checked_tags
from apps.fleet.models import Agent
from apps.fleet.services.lease import NotYours
from apps.fleet.tokens import BadToken, agent_behind
from apps.runs.services.output import LeaseLost

SCHEME = "Bearer"


class AgentAuthentication(authentication.BaseAuthentication):
    """Its token says who it is, whatever else the request says."""

    def authenticate(self, request: Request) -> tuple[Agent, None] | None:
        scheme, _, presented = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != SCHEME.lower():
            return None
        try:
            return agent_behind(presented.strip()), None
        except BadToken as error:
            raise exceptions.AuthenticationFailed(str(error), code="invalid_token") from None

    def authenticate_header(self, request: Request) -> str:
        return SCHEME


class IsAgent(permissions.BasePermission):
    def has_permission(self, request: Request, view: Any) -> bool:
        if not isinstance(request.user, Agent):
            raise exceptions.NotAuthenticated("Send the token that you were given: Authorization: Bearer …")
        return True


class SmallJson(parsers.BaseParser):
    """What a machine has to say fits into this; more is refused before it is read."""

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        body = stream.read(BODY_BYTES + 1)
        if len(body) > BODY_BYTES:
            raise Problem(413, "too_large", f"An agent's request may hold up to {BODY_BYTES:,} bytes.")
        try:
            return json.loads(body.decode())
        except (ValueError, RecursionError) as error:
            raise exceptions.ParseError(f"The body is not JSON: {error}") from None


class AgentView(ApiView):
    """No limit of requests per minute: it would end jobs; what they cost is bounded by intervals and sizes."""

    authentication_classes: Any = (AgentAuthentication,)
    permission_classes: Any = (IsAgent,)
    throttle_classes = ()
    parser_classes = (SmallJson,)
    http_method_names = ("get", "post", "put", "patch")

    @property
    def agent(self) -> Agent:
        return cast(Agent, self.request.user)

    def said(self, kind: type[serializers.Serializer[Any]]) -> dict[str, Any]:
        """The body, checked. Fields that are not known are passed over: an agent may be newer than its server."""
        body = kind(data=self.request.data)
        body.is_valid(raise_exception=True)
        return cast(dict[str, Any], body.validated_data)


class OneTransaction:
    """The whole request in one: who asks, what is read, what is written. An answer that says no keeps what was written
    for it; an error takes all of it back. Not for what waits, or reads from the store.
    """

    def handle_exception(self, exc: Exception) -> Any:
        if not isinstance(exc, (exceptions.APIException, LeaseLost, NotYours)):
            transaction.set_rollback(True)
        return super().handle_exception(exc)  # type: ignore[misc]

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        with transaction.atomic():
            return super().dispatch(request, *args, **kwargs)  # type: ignore[misc]


class Tags(serializers.ListField):
    child = serializers.CharField(max_length=60)

    def to_internal_value(self, data: Any) -> list[str]:
        if isinstance(data, list) and len(data) > 1000:
            raise serializers.ValidationError("There are too many.")
        try:
            return checked_tags(super().to_internal_value(data))
        except ValueError as error:
            raise serializers.ValidationError(str(error)) from None


class Lease(serializers.CharField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=32, **kwargs)
