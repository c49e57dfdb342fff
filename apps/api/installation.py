"""What the installation offers: workflows (which steps a run goes through) and providers (which models it may ask)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.api.base import ApiView, Scopes
from apps.api.paging import Pages
from apps.api.parsing import flag
from apps.api.problems import Problem
from apps.providers.check import Checked, check_all
from apps.providers.configured import Configured, Source, all_configured
from apps.providers.reading import BadModels
from apps.runs.plan.workflows import WORKFLOWS, Workflow

ANY_KEY = {"GET": ""}


@dataclass(frozen=True)
class Looked:
    """A provider, and what a look at it found, if anybody asked for one."""

    of: Configured
    check: Checked | None


class WorkflowSerializer(serializers.Serializer[Workflow]):
    name = serializers.CharField()
    description = serializers.CharField()
    steps = serializers.ListField(child=serializers.CharField(), help_text="Celery tasks; the first word is the role.")
    needs_spec = serializers.BooleanField()


class CheckedSerializer(serializers.Serializer[Checked]):
    """What a look at the provider found. It costs nothing: the provider is asked which models it has."""

    ok = serializers.BooleanField(allow_null=True, help_text="Null where there is no way to look at this provider.")
    message = serializers.CharField()
    took_ms = serializers.IntegerField()


class ProviderSerializer(serializers.Serializer[Looked]):
    """A model that is configured, and its provider. Its key is never shown, only whether there is one."""

    name = serializers.CharField(source="of.name")
    model = serializers.CharField(source="of.model")
    origin = serializers.ChoiceField([str(one) for one in Source], source="of.source", help_text="Where it is set.")
    roles = serializers.ListField(child=serializers.CharField(), source="of.roles", help_text="The roles that ask it.")
    has_key = serializers.SerializerMethodField()
    api_base = serializers.CharField(
        allow_blank=True, source="of.shown_base", help_text="Scheme and host; empty for the provider's own."
    )
    check = CheckedSerializer(allow_null=True, help_text="Null unless `?check=true` asked for it.")

    def get_has_key(self, row: Looked) -> bool:
        return bool(row.of.api_key)


class FixedList(ApiView):
    """A short list that is not in the database."""

    scopes: ClassVar[Scopes] = ANY_KEY
    pagination_class = Pages

    def rows(self) -> Sequence[Any]:
        raise NotImplementedError

    def get(self, request: Request) -> Response:
        rows = self.paginate_queryset(self.rows())
        assert rows is not None and self.serializer_class is not None  # noqa: S101, PT018 - for the type checker
        return self.get_paginated_response(self.serializer_class(rows, many=True).data)


class WorkflowList(FixedList):
    """The workflows that a run can go through."""

    serializer_class = WorkflowSerializer

    def rows(self) -> Sequence[Workflow]:
        return list(WORKFLOWS.values())


class WorkflowView(ApiView):
    """One workflow."""

    scopes = ANY_KEY

    @extend_schema(responses=WorkflowSerializer)
    def get(self, request: Request, name: str) -> Response:
        if name not in WORKFLOWS:
            raise Http404
        return Response(WorkflowSerializer(WORKFLOWS[name]).data)


class ProviderList(FixedList):
    """The models that this installation has configured. `?check=true` looks at each of their providers now."""

    serializer_class = ProviderSerializer

    @extend_schema(parameters=[OpenApiParameter("check", bool, description="Look at each provider now.")])
    def get(self, request: Request) -> Response:
        return super().get(request)

    def rows(self) -> Sequence[Looked]:
        try:
            found = all_configured()
        except BadModels as error:
            raise Problem(409, "models_unreadable", str(error)) from None
        wanted = flag(self.request, "check")
        checked: Sequence[Checked | None] = check_all(found) if wanted else [None] * len(found)
        return [Looked(of, check) for of, check in zip(found, checked, strict=True)]
