"""Artifacts: what jobs have kept."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db.models import QuerySet
from django.http.response import HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.api.base import READ_JOBS, READ_RUNS, ApiView
from apps.api.lists import ChoicesFilter, Filters, ListView, WholeNumberFilter
from apps.api.parsing import flag
from apps.api.runs import run_of
from apps.artifacts.models import Artifact
from apps.artifacts.retention import kept_until
from apps.artifacts.store import store


class ArtifactSerializer(serializers.ModelSerializer[Artifact]):
    kept_until = serializers.SerializerMethodField()
    download_url = serializers.SerializerMethodField()

    class Meta:
        model = Artifact
        fields = (
            *("id", "run", "job", "name", "kind", "size_bytes", "sha256", "content_type", "created_at"),
            *("kept_until", "download_url"),
        )
        read_only_fields = fields

    def get_kept_until(self, artifact: Artifact) -> datetime | None:
        """Empty: for ever."""
        return kept_until(artifact)

    def get_download_url(self, artifact: Artifact) -> str:
        path = reverse("api:artifact-download", args=[artifact.run_id, artifact.pk])
        return self.context["request"].build_absolute_uri(path)


class DownloadSerializer(serializers.Serializer[dict[str, object]]):
    """A link that works without signing in, until it expires."""

    url = serializers.CharField()
    expires_at = serializers.DateTimeField()
    name = serializers.CharField()
    size_bytes = serializers.IntegerField()
    sha256 = serializers.CharField()
    content_type = serializers.CharField()


class ArtifactFilters(Filters):
    kind = ChoicesFilter(choices=Artifact.Kind.choices)
    job = WholeNumberFilter("job_id")

    class Meta:
        model = Artifact
        fields: tuple[str, ...] = ()


class RunArtifacts(ListView):
    """What the run's jobs have kept, oldest first. The output of a job is here once the job has ended."""

    scopes = READ_RUNS
    serializer_class = ArtifactSerializer
    filterset_class = ArtifactFilters

    def rows(self) -> QuerySet[Artifact]:
        return run_of(self, self.kwargs["pk"]).artifacts.order_by("pk")


class ArtifactDownload(ApiView):
    scopes = READ_JOBS

    @extend_schema(
        operation_id="artifact_download",
        parameters=[OpenApiParameter("info", bool, description="Answer with the link as JSON.")],
        responses={200: DownloadSerializer, 302: OpenApiResponse(description="The link, in `Location`.")},
    )
    def get(self, request: Request, pk: int, artifact_id: int) -> HttpResponseBase:
        """Go to where the bytes are, by a link that works for some minutes. With `?info=true`, only say where."""
        info = flag(request, "info")
        artifact = get_object_or_404(self.caller.artifacts(), pk=artifact_id, run_id=pk)
        link = store().link_to_get(
            artifact.store_key,
            settings.STORE_LINK_S,
            file_name=artifact.name.rpartition("/")[2],
            content_type=artifact.content_type,
        )
        url = request.build_absolute_uri(link.url)
        if not info:
            return HttpResponseRedirect(url)
        shown = {"url": url, "expires_at": link.expires_at, **{name: getattr(artifact, name) for name in INFO}}
        return Response(DownloadSerializer(shown).data)


INFO = ("name", "size_bytes", "sha256", "content_type")
