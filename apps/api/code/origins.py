"""A project's origin: set it, fetch from it, push to it. Of its password only that there is one is ever told."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.access import may_manage
from apps.api.base import ApiView
from apps.api.code.files import READ, WRITE
from apps.api.code.places import project_of
from apps.api.parsing import Strict, Text, one_of
from apps.api.problems import Problem
from apps.api.runs import RunSerializer, show
from apps.projects.code import code_of
from apps.projects.models import Project
from apps.projects.origin import BadOrigin, Wanted, has_credential, set_origin
from apps.runs.plan.workflows import FETCHING
from apps.runs.services.start import start_push, start_run


class OriginSerializer(serializers.Serializer[Project]):
    """`has_password`: whether one is kept. `seen_at`: when it was last fetched."""

    url = serializers.CharField(source="origin_url", allow_blank=True)
    user = serializers.CharField(source="origin_user", allow_blank=True)
    branch = serializers.CharField(source="origin_branch", allow_blank=True)
    push = serializers.ChoiceField(Project.Push.choices, source="origin_push")
    seen_at = serializers.DateTimeField(source="origin_seen_at", allow_null=True)
    has_password = serializers.SerializerMethodField()

    def get_has_password(self, project: Project) -> bool:
        return has_credential(project)


class SetOrigin(Strict):
    """A password is kept until the server or the name changes, or an empty one comes."""

    url = Text(max_length=1000)
    user = Text(max_length=100, required=False)
    password = Text(max_length=20_000, required=False, allow_blank=True, write_only=True)
    branch = Text(max_length=100, required=False)
    push = serializers.ChoiceField(
        Project.Push.values, required=False, error_messages=one_of(Project.Push.values, "Push")
    )


class PushBranch(Strict):
    branch = Text(max_length=100)


def set_wanted_origin(view: ApiView, project: Project, body: SetOrigin) -> Project:
    """Raises Problem: 403 for who does not own the organisation, 422 for what is no origin."""
    require_owner(view, project)
    given: dict[str, Any] = body.validated_data
    try:
        return set_origin(project, Wanted(**{"password": None, **given}))
    except BadOrigin as error:
        raise Problem(422, "bad_origin", str(error), field=error.where) from None


def require_owner(view: ApiView, project: Project) -> None:
    if not may_manage(view.caller.user, project.organisation_id):
        raise Problem(403, "permission_denied", "Only an owner of the organisation may set where its projects lie.")


class ProjectOrigin(ApiView):
    scopes = {"GET": READ, "PUT": WRITE}

    @extend_schema(operation_id="project_origin", responses=OriginSerializer)
    def get(self, request: Request, pk: int) -> Response:
        """Where the project lies; empty for one that is Hive's own."""
        return Response(OriginSerializer(project_of(self, pk)).data)

    @extend_schema(operation_id="set_project_origin", request=SetOrigin, responses=OriginSerializer)
    def put(self, request: Request, pk: int) -> Response:
        """Say where the project lies, for owners. A name and a password in the address are taken out of it."""
        project = project_of(self, pk)
        body = SetOrigin(data=request.data)
        body.is_valid(raise_exception=True)
        return Response(OriginSerializer(set_wanted_origin(self, project, body)).data)


class _Transfer(ApiView):
    scopes = {"POST": WRITE}

    def project(self, pk: int) -> Project:
        project = project_of(self, pk)
        self.caller.require_change(project.organisation_id)
        if not project.origin_url:
            raise Problem(409, "no_origin", "This project is Hive's own. Set its origin first.")
        return project


class FetchProject(_Transfer):
    @extend_schema(operation_id="fetch_project", request=None, responses={202: RunSerializer})
    def post(self, request: Request, pk: int) -> Response:
        """Fetch all branches of the origin, in a run of its own: watch it as any other."""
        run = start_run(self.project(pk), None, self.caller.user, workflow=FETCHING)
        return Response(show(self, run), status.HTTP_202_ACCEPTED)


class PushProject(_Transfer):
    @extend_schema(operation_id="push_project", request=PushBranch, responses={202: RunSerializer})
    def post(self, request: Request, pk: int) -> Response:
        """Push a branch of Hive's copy to the origin, in a run of its own. Forward only: nothing is overwritten."""
        project = self.project(pk)
        body = PushBranch(data=request.data)
        body.is_valid(raise_exception=True)
        branch = body.validated_data["branch"]
        code_of(project).resolve(branch)
        return Response(show(self, start_push(project, branch, self.caller.user)), status.HTTP_202_ACCEPTED)
