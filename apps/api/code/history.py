"""Branches, commits and differences of a project; the difference that a run has made."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from apps.api.base import ApiView
from apps.api.code.files import AT_REF, FOLDER, LONGEST_PATH, OF_TASK, READ, REF, WRITE
from apps.api.code.places import project_of, word
from apps.api.parsing import Strict, Text
from apps.api.problems import Problem
from apps.api.runs import run_of
from apps.projects.code import code_of
from apps.projects.writing import require_writable
from apps.runs.head import head_of

BRANCHES = 500
COMMITS = 100
FURTHEST = 1_000_000
SKIP = OpenApiParameter("skip", {"type": "integer", "minimum": 0, "maximum": FURTHEST})
LIMIT = OpenApiParameter("limit", {"type": "integer", "minimum": 1, "maximum": COMMITS}, description="50 without it.")
BASE = OpenApiParameter("base", REF, description="The older one; empty: the default branch.")
HEAD = OpenApiParameter("head", REF, required=True, description="The newer one: a branch or a commit.")


class BranchSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    where = serializers.ChoiceField(["hive", "origin"])
    commit = serializers.CharField()
    subject = serializers.CharField(allow_blank=True)
    at = serializers.CharField()


class BranchListSerializer(serializers.Serializer[Any]):
    results = BranchSerializer(many=True)
    more = serializers.BooleanField()


class CommitSerializer(serializers.Serializer[Any]):
    commit = serializers.CharField()
    parents = serializers.ListField(child=serializers.CharField())
    author = serializers.CharField(allow_blank=True)
    at = serializers.CharField()
    message = serializers.CharField(allow_blank=True)


class LogSerializer(serializers.Serializer[Any]):
    commit = serializers.CharField()
    results = CommitSerializer(many=True)
    more = serializers.BooleanField()


class ChangeSerializer(serializers.Serializer[Any]):
    path = serializers.CharField()
    change = serializers.ChoiceField(["A", "M", "D", "T"])
    added = serializers.IntegerField(allow_null=True)
    removed = serializers.IntegerField(allow_null=True)


class DiffSerializer(serializers.Serializer[Any]):
    """`cut`: there is more than is given at once; ask for a folder or a file."""

    base = serializers.CharField()
    head = serializers.CharField()
    changes = ChangeSerializer(many=True)
    text = serializers.CharField(allow_blank=True)
    cut = serializers.BooleanField()


class MakeBranch(Strict):
    name = Text(max_length=100)
    ref = Text(max_length=100, required=False, help_text="Where it begins. Empty: at the default branch.")


class ProjectBranches(ApiView):
    scopes = {"GET": READ, "POST": WRITE}

    @extend_schema(operation_id="project_branches", responses=BranchListSerializer)
    def get(self, request: Request, pk: int) -> Response:
        """The branches of Hive's copy and those of the origin as they were last fetched, newest first, up to 500."""
        found = code_of(project_of(self, pk)).branches(BRANCHES + 1)
        return Response(BranchListSerializer({"results": found[:BRANCHES], "more": len(found) > BRANCHES}).data)

    @extend_schema(operation_id="make_project_branch", request=MakeBranch, responses={201: BranchSerializer})
    def post(self, request: Request, pk: int) -> Response:
        """Make a branch. 409 where there is one of this name."""
        project = project_of(self, pk)
        self.caller.require_change(project.organisation_id)
        body = MakeBranch(data=request.data)
        body.is_valid(raise_exception=True)
        name = body.validated_data["name"]
        require_writable(project, name)
        made = code_of(project).make_branch(name, body.validated_data.get("ref") or project.default_branch)
        return Response(BranchSerializer(made).data, status.HTTP_201_CREATED)


class ProjectCommits(ApiView):
    scopes = {"GET": READ}

    @extend_schema(operation_id="project_commits", parameters=[AT_REF, FOLDER, SKIP, LIMIT], responses=LogSerializer)
    def get(self, request: Request, pk: int) -> Response:
        """The history of a branch, of everything or of one file or folder, newest first."""
        project = project_of(self, pk)
        code = code_of(project)
        commit = code.resolve(word(self, "ref") or project.default_branch)
        limit = _number(request, "limit", 50, 1, COMMITS)
        skip = _number(request, "skip", 0, 0, FURTHEST)
        found = code.log(commit, word(self, "path", LONGEST_PATH), skip, limit + 1)
        return Response(LogSerializer({"commit": commit, "results": found[:limit], "more": len(found) > limit}).data)


class ProjectDiff(ApiView):
    scopes = {"GET": READ}

    @extend_schema(operation_id="project_diff", parameters=[BASE, HEAD, FOLDER], responses=DiffSerializer)
    def get(self, request: Request, pk: int) -> Response:
        """What differs between two commits: up to 1,000 files and 1 MiB of text."""
        project = project_of(self, pk)
        code = code_of(project)
        base = code.resolve(word(self, "base") or project.default_branch)
        head = code.resolve(word(self, "head"))
        return Response(DiffSerializer(code.diff(base, head, word(self, "path", LONGEST_PATH))).data)


class RunDiff(ApiView):
    scopes = {"GET": READ}

    @extend_schema(operation_id="run_diff", parameters=[OF_TASK, FOLDER], responses=DiffSerializer)
    def get(self, request: Request, pk: int) -> Response:
        """What the run has changed since the commit on which it began."""
        run = run_of(self, pk)
        code = code_of(run.project)
        head = head_of(run, code, word(self, "task"))
        return Response(DiffSerializer(code.diff(run.base_commit or head, head, word(self, "path", LONGEST_PATH))).data)


def _number(request: Request, name: str, otherwise: int, least: int, most: int) -> int:
    said = request.query_params.get(name, str(otherwise))
    if not (said.isascii() and said.isdecimal() and len(said) < 10 and least <= int(said) <= most):
        raise Problem(422, "invalid", f"`{name}` is a whole number from {least} to {most:,}.")
    return int(said)
