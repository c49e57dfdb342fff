"""Releases, as part of a run."""

from __future__ import annotations

from collections.abc import Sequence

from rest_framework import serializers

from apps.api.reasons import ReasonField
from apps.releases.models import Release
from apps.runs.models import Run


class ReleaseSerializer(serializers.ModelSerializer[Release]):
    """What a run deployed. `url` is where people reach it, as long as it is live."""

    url = serializers.CharField(source="environment.url")
    reason = ReasonField()
    environment = serializers.CharField(source="environment.name")

    class Meta:
        model = Release
        fields = ("id", "status", "url", "environment", "commit", "reason", "message", "live_at", "ended_at")
        read_only_fields = fields


SAID = (
    *("run_id", "status", "commit", "reason", "message", "live_at", "ended_at"),
    *("environment__url", "environment__name"),
)


def newest_releases(runs: Sequence[Run]) -> dict[int, Release]:
    """Each run's newest release, in one query."""
    rows = Release.objects.filter(run__in=[run.pk for run in runs]).select_related("environment").only(*SAID)
    return {release.run_id: release for release in rows.order_by("pk")}
