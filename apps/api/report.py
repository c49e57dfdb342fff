"""The report of a run: per requirement its task, test, commit and result."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.api.base import READ_RUNS, ApiView
from apps.api.runs import run_of
from apps.runs.report import Line, report_of


class LineSerializer(serializers.Serializer[Line]):
    """One thing that was asked for, and one test of it. `id` is that of a requirement in words, else empty."""

    id = serializers.CharField(allow_blank=True)
    requirement = serializers.CharField()
    task = serializers.CharField(allow_blank=True, help_text="Key of the task; empty for what the whole site does.")
    test = serializers.CharField(allow_blank=True, help_text="Command, file or request; empty where there is none.")
    commit = serializers.CharField(allow_blank=True)
    result = serializers.ChoiceField(["passed", "failed", "not run"])
    message = serializers.CharField(allow_blank=True)


class ReportSerializer(serializers.Serializer[dict[str, Any]]):
    run = serializers.IntegerField()
    status = serializers.CharField()
    message = serializers.CharField(allow_blank=True)
    lines = LineSerializer(many=True)


class RunReport(ApiView):
    """What was asked for, and what was seen of it, as far as the run has come."""

    scopes = READ_RUNS

    @extend_schema(responses=ReportSerializer)
    def get(self, request: Request, pk: int) -> Response:
        run = run_of(self, pk)
        lines = [asdict(line) for line in report_of(run)]
        return Response({"run": run.pk, "status": run.status, "message": run.message, "lines": lines})
