"""Specs: what to build, and its versions."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from apps.api.base import ApiView
from apps.api.lists import Filters, ListView, TextFilter
from apps.api.parsing import Slug, SpecField, Strict
from apps.api.project_choice import choose_project
from apps.api.run_start import check_spec, own_project
from apps.api.spec_problems import ProblemSerializer, as_dicts
from apps.specs.models import Spec, SpecVersion
from apps.specs.services import keep
from apps.specs.validate import check, check_data

READ_SPECS = {"GET": "specs:read"}


class SpecSerializer(serializers.ModelSerializer[Spec]):
    """A spec. `key` is the `id` in its text, `latest` the number of its newest version."""

    url = serializers.SerializerMethodField()
    project = serializers.CharField(source="project.slug")
    latest = serializers.IntegerField(allow_null=True)

    class Meta:
        model = Spec
        fields = ("id", "url", "key", "title", "project", "latest", "created_at")
        read_only_fields = fields

    def get_url(self, spec: Spec) -> str:
        return self.context["request"].build_absolute_uri(reverse("api:spec", args=[spec.pk]))


class VersionSerializer(serializers.ModelSerializer[SpecVersion]):
    """A version, without its text: that may be large."""

    url = serializers.SerializerMethodField()
    created_by = serializers.CharField(source="created_by.username", default=None, allow_null=True)

    class Meta:
        model = SpecVersion
        fields: tuple[str, ...] = ("spec", "number", "url", "sha256", "created_by", "created_at")
        read_only_fields = fields

    def get_url(self, version: SpecVersion) -> str:
        path = reverse("api:spec-version", args=[version.spec_id, version.number])
        return self.context["request"].build_absolute_uri(path)


class WholeVersionSerializer(VersionSerializer):
    """`text` as it came, `data` as it was understood, with every default filled in; `story` is what it came from."""

    data = serializers.DictField()  # type: ignore[assignment] # the column of this name, not the serializer's property

    class Meta(VersionSerializer.Meta):
        fields = (*VersionSerializer.Meta.fields, "text", "data", "story")
        read_only_fields = fields


class KeepSpec(Strict):
    spec = SpecField()
    project = Slug(required=False, help_text="Empty: the spec's `project`, else its id; made at first use.")
    organisation = Slug(required=False, help_text="Needed by who belongs to several, for a project that is new.")


class ValidateSpec(Strict):
    spec = SpecField()


class ValidatedSerializer(serializers.Serializer[dict[str, Any]]):
    """`spec` is the long form of a valid spec, with every default filled in; null where there are problems."""

    valid = serializers.BooleanField()
    problems = ProblemSerializer(many=True)
    spec = serializers.DictField(allow_null=True)


class SpecFilters(Filters):
    project = TextFilter("project__slug")
    key = TextFilter("key")

    class Meta:
        model = Spec
        fields: tuple[str, ...] = ()


class SpecList(ListView):
    """The specs that you may see, newest first; and the way to keep one without starting a run."""

    scopes = {**READ_SPECS, "POST": "specs:write"}
    serializer_class = SpecSerializer
    filterset_class = SpecFilters

    def rows(self) -> QuerySet[Spec]:
        return self.caller.specs().order_by("-id")

    @extend_schema(request=KeepSpec, responses={200: WholeVersionSerializer, 201: WholeVersionSerializer})
    def post(self, request: Request) -> Response:
        """Keep a spec. A text that is new is the spec's next version (201); a known one is the version it was (200)."""
        body = KeepSpec(data=request.data)
        body.is_valid(raise_exception=True)
        wanted, began_at = body.validated_data, timezone.now()
        checked = check_spec(wanted["spec"])
        slug = wanted.get("project") or own_project(checked)
        project = choose_project(self.caller, slug, wanted.get("organisation"))
        version = keep(project, checked, self.caller.user)
        shown = WholeVersionSerializer(version, context=self.get_serializer_context()).data
        fresh = version.created_at >= began_at
        return Response(shown, status.HTTP_201_CREATED if fresh else status.HTTP_200_OK)


class SpecView(ApiView):
    """One spec."""

    scopes = READ_SPECS

    @extend_schema(responses=SpecSerializer)
    def get(self, request: Request, pk: int) -> Response:
        spec = get_object_or_404(self.caller.specs(), pk=pk)
        return Response(SpecSerializer(spec, context=self.get_serializer_context()).data)


class SpecVersions(ListView):
    """The versions of a spec, newest first."""

    scopes = READ_SPECS
    serializer_class = VersionSerializer

    def rows(self) -> QuerySet[SpecVersion]:
        spec = get_object_or_404(self.caller.specs(), pk=self.kwargs["pk"])
        return spec.versions.select_related("created_by").defer("text", "data").order_by("-number")


class SpecVersionView(ApiView):
    """One version of a spec, with its text."""

    scopes = READ_SPECS

    @extend_schema(responses=WholeVersionSerializer)
    def get(self, request: Request, pk: int, number: int) -> Response:
        spec = get_object_or_404(self.caller.specs(), pk=pk)
        version = get_object_or_404(spec.versions.select_related("created_by"), number=number)
        return Response(WholeVersionSerializer(version, context=self.get_serializer_context()).data)


class CheckSpec(ApiView):
    scopes = {"POST": "specs:read"}

    @extend_schema(request=ValidateSpec, responses=ValidatedSerializer)
    def post(self, request: Request) -> Response:
        """Say everything that is wrong with a spec, or what it means. Nothing is kept."""
        body = ValidateSpec(data=request.data)
        body.is_valid(raise_exception=True)
        spec = body.validated_data["spec"]
        checked = check(spec) if isinstance(spec, str) else check_data(spec)
        data = checked.spec.model_dump(mode="json") if checked.spec else None
        return Response({"valid": checked.ok, "problems": as_dicts(checked.problems), "spec": data})
