"""A CI job as JSON: what its sender has to know to go on, to wait, or to look."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.api.reading import Read, reader
from apps.api.reasons import ReasonField
from apps.ci.status import CellNow, RunNow, Tests
from apps.ci.waiting import Waits
from apps.events.queries import last_number

OF_JOB = ("url", "page", "artifacts_url", "cancel_url")
OF_CELL = ("log_url", "log_stream_url")


class WaitsSerializer(serializers.Serializer[Waits]):
    """Why it waits; `position` is how many jobs are before it, null where it waits for something else."""

    why = serializers.CharField()
    position = serializers.IntegerField(allow_null=True)


class FailureSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    message = serializers.CharField(allow_blank=True)
    file = serializers.CharField(allow_blank=True)
    line = serializers.IntegerField(help_text="0 where the report does not say.")


class SlowSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    seconds = serializers.FloatField()


class TestsSerializer(serializers.Serializer[Tests]):
    """What the JUnit reports say, together."""

    passed = serializers.IntegerField()
    failed = serializers.IntegerField()
    skipped = serializers.IntegerField()
    seconds = serializers.FloatField()
    failures = FailureSerializer(many=True)
    slowest = SlowSerializer(many=True)


class CellSerializer(serializers.Serializer[CellNow]):
    """One cell of the matrix, by its newest attempt. The fetching of a package by its address is one too."""

    key = serializers.CharField(source="task.key")
    title = serializers.CharField(source="task.title")
    job = serializers.IntegerField(source="job.pk")
    attempt = serializers.IntegerField(source="job.attempt")
    status = serializers.CharField(source="job.status")
    reason = ReasonField(source="job.reason")
    message = serializers.CharField(source="job.message", allow_blank=True)
    exit_code = serializers.IntegerField(allow_null=True)
    waits = WaitsSerializer(allow_null=True)
    tests = TestsSerializer(allow_null=True)
    worker = serializers.CharField(source="job.worker", allow_blank=True)
    queued_at = serializers.DateTimeField(source="job.queued_at")
    started_at = serializers.DateTimeField(source="job.started_at", allow_null=True)
    finished_at = serializers.DateTimeField(source="job.finished_at", allow_null=True)
    log_url = serializers.SerializerMethodField()
    log_stream_url = serializers.SerializerMethodField()

    def get_log_url(self, cell: CellNow) -> str:
        return reverse("api:job-log", args=[cell.job.pk])

    def get_log_stream_url(self, cell: CellNow) -> str:
        return reverse("api:job-log-stream", args=[cell.job.pk])


class CiJobSerializer(serializers.Serializer[RunNow]):
    """A CI job. `version` grows with everything that happens to it; `after=<version>` waits for the next such thing."""

    id = serializers.IntegerField(source="run.pk")
    url = serializers.SerializerMethodField()
    page = serializers.SerializerMethodField()
    project = serializers.CharField(source="run.project.slug")
    title = serializers.CharField(source="run.title")
    status = serializers.CharField(source="run.status")
    reason = ReasonField(source="run.reason")
    message = serializers.CharField(source="run.message", allow_blank=True)
    stopping = serializers.SerializerMethodField()
    exit_code = serializers.IntegerField(allow_null=True)
    version = serializers.SerializerMethodField()
    waits = WaitsSerializer(allow_null=True)
    tests = TestsSerializer(allow_null=True)
    cells = CellSerializer(many=True)
    created_at = serializers.DateTimeField(source="run.created_at")
    started_at = serializers.DateTimeField(source="run.started_at", allow_null=True)
    finished_at = serializers.DateTimeField(source="run.finished_at", allow_null=True)
    artifacts_url = serializers.SerializerMethodField()
    cancel_url = serializers.SerializerMethodField()

    def get_url(self, now: RunNow) -> str:
        return reverse("api:ci-job-status", args=[now.run.pk])

    def get_page(self, now: RunNow) -> str:
        """For people."""
        return f"/runs/{now.run.pk}/"

    def get_stopping(self, now: RunNow) -> bool:
        return bool(now.run.stop_reason) and not now.run.ended

    @extend_schema_field({"type": "integer", "minimum": 0})
    def get_version(self, now: RunNow) -> int:
        return last_number(now.run.pk)

    def get_artifacts_url(self, now: RunNow) -> str:
        return reverse("api:ci-job-artifacts", args=[now.run.pk])

    def get_cancel_url(self, now: RunNow) -> str:
        return reverse("api:ci-job-cancel", args=[now.run.pk])


@cache
def _read() -> Read:
    """Once per process: what it needs of the request is added afterwards."""
    return reader(CiJobSerializer())


def told(now: RunNow, server: str) -> dict[str, Any]:
    """What CiJobSerializer says, with addresses on this server (https://host)."""
    said = _read()(now)
    for names, part in ((OF_JOB, said), *((OF_CELL, cell) for cell in said["cells"])):
        for name in names:
            part[name] = f"{server}{part[name]}"
    return dict(said)
