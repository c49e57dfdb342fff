"""Enrolment tokens, for operators: made here and shown once, listed without their secrets, and revoked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.models import Organisation
from apps.api.lists import ListView
from apps.api.operating import OperatorView, Person
from apps.api.operating_agents import TagField
from apps.api.parsing import Number, Slug, Strict, Text
from apps.api.problems import Problem
from apps.events import clock
from apps.fleet.limits import NAME, TAGS
from apps.fleet.models import EnrolmentToken
from apps.fleet.services.enrol import LONGEST, MOST, create_token, revoke_token

LONGEST_HOURS = LONGEST // timedelta(hours=1)


class TokenSerializer(serializers.ModelSerializer[EnrolmentToken]):
    """`prefix` is how the token begins, behind `hive-enrol_`. `organisation`: whose jobs its agents take; null: all."""

    state = serializers.SerializerMethodField()
    tags = serializers.ListField(child=serializers.CharField())
    organisation = serializers.CharField(source="organisation.slug", default=None, allow_null=True)
    created_by = Person("created_by")

    class Meta:
        model = EnrolmentToken
        fields: tuple[str, ...] = (
            *("id", "name", "prefix", "state", "tags", "organisation", "most", "used"),
            *("created_at", "created_by", "expires_at", "revoked_at"),
        )
        read_only_fields = fields

    def get_state(self, token: EnrolmentToken) -> str:
        return token.state(clock.now()).value


class NewTokenSerializer(TokenSerializer):
    """With `token`, the only time that it is shown."""

    token = serializers.CharField()

    class Meta(TokenSerializer.Meta):
        fields: tuple[str, ...] = (*TokenSerializer.Meta.fields, "token")
        read_only_fields = fields


@extend_schema_field({"type": "string", "pattern": f"^{NAME.pattern}$"})
class NameField(Text):
    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if not NAME.fullmatch(text):
            raise serializers.ValidationError("Use 1 to 100 characters, none of them a control character.")
        return text


class MakeToken(Strict):
    name = NameField()
    tags = serializers.ListField(child=TagField(), default=list, max_length=TAGS, help_text="What its agents may run.")
    most = Number(min_value=1, max_value=MOST, default=1, help_text="How many agents it lets in.")
    hours = Number(min_value=1, max_value=LONGEST_HOURS, default=24, help_text="For how long.")
    organisation = Slug(required=False, allow_null=True, default=None, help_text="Null: jobs of all of them.")


def tokens() -> QuerySet[EnrolmentToken]:
    return EnrolmentToken.objects.select_related("organisation", "created_by")


class EnrolmentTokens(OperatorView, ListView):
    """The enrolment tokens, the newest first."""

    serializer_class = TokenSerializer

    def rows(self) -> QuerySet[EnrolmentToken]:
        return tokens().order_by("-pk")

    @extend_schema(request=MakeToken, responses={201: NewTokenSerializer})
    def post(self, request: Request) -> Response:
        """Make one. Its token stands in this answer and nowhere else ever again. 404: there is no such organisation."""
        body = MakeToken(data=request.data)
        body.is_valid(raise_exception=True)
        said: dict[str, Any] = body.validated_data
        slug = said["organisation"]
        made = create_token(
            self.caller.user,
            said["name"],
            tags=said["tags"],
            most=said["most"],
            lives=timedelta(hours=said["hours"]),
            organisation=get_object_or_404(Organisation, slug=slug) if slug is not None else None,
        )
        answer = {**TokenSerializer(made.row).data, "token": made.token}
        return Response(answer, status=status.HTTP_201_CREATED, headers={"Cache-Control": "no-store"})


class RevokeToken(OperatorView):
    @extend_schema(request=None, responses=TokenSerializer)
    def post(self, request: Request, pk: int) -> Response:
        """Nobody else joins with it; the agents that have stay. 409 where it was revoked before."""
        token = get_object_or_404(tokens(), pk=pk)
        if not revoke_token(token):
            raise Problem(409, "conflict", f"{token} was revoked before.")
        return Response(TokenSerializer(get_object_or_404(tokens(), pk=pk)).data)
