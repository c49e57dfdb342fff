"""Projects."""

from __future__ import annotations

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from apps.api.base import READ_RUNS, ApiView
from apps.api.lists import Filters, ListView, TextFilter
from apps.api.parsing import Slug, Strict, Text
from apps.api.problems import Problem
from apps.api.project_choice import make_project
from apps.projects.models import Project


class ProjectSerializer(serializers.ModelSerializer[Project]):
    url = serializers.SerializerMethodField()
    organisation = serializers.CharField(source="organisation.slug")

    class Meta:
        model = Project
        fields = ("id", "url", "slug", "name", "organisation", "default_branch", "origin_url", "created_at")
        read_only_fields = fields

    def get_url(self, project: Project) -> str:
        return self.context["request"].build_absolute_uri(reverse("api:project", args=[project.pk]))


class MakeProject(Strict):
    slug = Slug()
    name = Text(required=False, max_length=120, help_text="Empty: the slug.")
    organisation = Slug(required=False, help_text="Needed by who belongs to several.")


class ProjectFilters(Filters):
    slug = TextFilter("slug")
    organisation = TextFilter("organisation__slug")

    class Meta:
        model = Project
        fields: tuple[str, ...] = ()


class ProjectList(ListView):
    """The projects that you may see, newest first; and the way to make one."""

    scopes = {**READ_RUNS, "POST": "runs:write"}
    serializer_class = ProjectSerializer
    filterset_class = ProjectFilters

    def rows(self) -> QuerySet[Project]:
        return self.caller.projects().order_by("-pk")

    @extend_schema(request=MakeProject, responses={201: ProjectSerializer})
    def post(self, request: Request) -> Response:
        """Make a project. 409 where the organisation has one of this slug."""
        body = MakeProject(data=request.data)
        body.is_valid(raise_exception=True)
        wanted = body.validated_data
        taken = self.caller.projects().filter(slug=wanted["slug"])
        if "organisation" in wanted:
            taken = taken.filter(organisation__slug=wanted["organisation"])
        if taken.exists():
            raise Problem(409, "conflict", f"There is a project {wanted['slug']} already.")
        project = make_project(self.caller, wanted["slug"], wanted.get("organisation"), wanted.get("name", ""))
        shown = ProjectSerializer(project, context=self.get_serializer_context()).data
        return Response(shown, status.HTTP_201_CREATED, headers={"Location": shown["url"]})


class ProjectView(ApiView):
    """One project."""

    scopes = READ_RUNS

    @extend_schema(responses=ProjectSerializer)
    def get(self, request: Request, pk: int) -> Response:
        project = get_object_or_404(self.caller.projects(), pk=pk)
        return Response(ProjectSerializer(project, context=self.get_serializer_context()).data)
