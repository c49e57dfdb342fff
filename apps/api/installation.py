"""What the installation offers: workflows (which steps a run goes through) and providers (which models it may ask)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.api.base import ApiView
from apps.api.paging import Pages
from apps.runs.plan.workflows import WORKFLOWS, Workflow

ANY_KEY = {"GET": ""}


class WorkflowSerializer(serializers.Serializer[Workflow]):
    name = serializers.CharField()
    description = serializers.CharField()
    steps = serializers.ListField(child=serializers.CharField(), help_text="Celery tasks; the first word is the role.")
    needs_spec = serializers.BooleanField()


class ProviderSerializer(serializers.Serializer[dict[str, Any]]):
    """A provider of models that is configured. Its key is never shown, only whether there is one."""

    name = serializers.CharField()
    model = serializers.CharField()
    has_key = serializers.BooleanField()
    api_base = serializers.CharField(allow_blank=True, help_text="Scheme and host; empty for the provider's own.")


class FixedList(ApiView):
    """A short list that is not in the database."""

    scopes = ANY_KEY
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
    """The providers of models that this installation has configured."""

    serializer_class = ProviderSerializer

    def rows(self) -> Sequence[dict[str, Any]]:
        if not settings.MODEL:
            return []
        base = urlsplit(settings.MODEL_API_BASE)
        host = f"{base.scheme}://{base.hostname}{f':{base.port}' if base.port else ''}" if base.hostname else ""
        name = settings.MODEL.partition("/")[0]
        return [{"name": name, "model": settings.MODEL, "has_key": settings.MODEL_HAS_KEY, "api_base": host}]
