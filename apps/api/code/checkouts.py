"""Checkouts: write on a branch, choose what to commit, commit it."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from apps.api.base import ApiView
from apps.api.code.files import LONGEST_PATH, READ, WRITE
from apps.api.code.history import ChangeSerializer, DiffSerializer
from apps.api.code.places import checkout_of, project_of
from apps.api.parsing import Strict, Text, flag
from apps.projects.checkouts import close_checkout, desk_of, open_checkout, person, visible_checkouts
from apps.projects.models import Checkout
from apps.projects.writing import require_writable

SHOWN = 100
MOST_PATHS = 1000


class CheckoutSerializer(serializers.ModelSerializer[Checkout]):
    created_by = serializers.CharField(source="created_by.username", default=None, allow_null=True)

    class Meta:
        model = Checkout
        fields = ("id", "project", "branch", "created_by", "created_at")
        read_only_fields = fields


class CheckoutListSerializer(serializers.Serializer[Any]):
    results = CheckoutSerializer(many=True)


class CheckoutStatusSerializer(CheckoutSerializer):
    """`staged` will be committed; `changed` will not, until it is added."""

    base = serializers.CharField()
    staged = ChangeSerializer(many=True)
    changed = ChangeSerializer(many=True)

    class Meta(CheckoutSerializer.Meta):
        fields = (*CheckoutSerializer.Meta.fields, "base", "staged", "changed")  # type: ignore[assignment]


class OpenCheckout(Strict):
    branch = Text(max_length=100)
    ref = Text(max_length=100, required=False, help_text="Where the branch begins, if it is not there yet.")


class Add(Strict):
    paths = serializers.ListField(
        child=Text(max_length=LONGEST_PATH), required=False, max_length=MOST_PATHS, help_text="Empty: everything."
    )


class MakeCommit(Strict):
    message = Text(max_length=20_000)


class CommittedSerializer(serializers.Serializer[Any]):
    branch = serializers.CharField()
    commit = serializers.CharField()


def shown(row: Checkout) -> Any:
    desk = desk_of(row)
    row.base, row.staged, row.changed = desk.base, desk.staged().changes, desk.changed().changes  # type: ignore[attr-defined]
    return CheckoutStatusSerializer(row).data


class ProjectCheckouts(ApiView):
    scopes = {"GET": READ, "POST": WRITE}

    @extend_schema(operation_id="project_checkouts", responses=CheckoutListSerializer)
    def get(self, request: Request, pk: int) -> Response:
        """The open checkouts of a project, newest first, up to 100."""
        rows = visible_checkouts(self.caller.user).filter(project=project_of(self, pk)).select_related("created_by")
        return Response(CheckoutListSerializer({"results": rows[:SHOWN]}).data)

    @extend_schema(operation_id="open_checkout", request=OpenCheckout, responses={201: CheckoutStatusSerializer})
    def post(self, request: Request, pk: int) -> Response:
        """Open a checkout of a branch, which is made where it is not there and `ref` says where it begins."""
        project = project_of(self, pk)
        self.caller.require_change(project.organisation_id)
        body = OpenCheckout(data=request.data)
        body.is_valid(raise_exception=True)
        branch = body.validated_data["branch"]
        require_writable(project, branch)
        row = open_checkout(project, branch, self.caller.user, body.validated_data.get("ref", ""))
        return Response(shown(row), status.HTTP_201_CREATED)


class CheckoutView(ApiView):
    scopes = {"GET": READ}

    @extend_schema(operation_id="checkout", responses=CheckoutStatusSerializer)
    def get(self, request: Request, pk: int) -> Response:
        """What was changed in a checkout, and what of that will be committed."""
        return Response(shown(checkout_of(self, pk)))


class CheckoutDiff(ApiView):
    scopes = {"GET": READ}

    @extend_schema(
        operation_id="checkout_diff",
        parameters=[OpenApiParameter("staged", bool, description="What will be committed; else what will not yet.")],
        responses=DiffSerializer,
    )
    def get(self, request: Request, pk: int) -> Response:
        staged = flag(request, "staged")
        desk = desk_of(checkout_of(self, pk))
        return Response(DiffSerializer(desk.staged() if staged else desk.changed()).data)


class _Changing(ApiView):
    scopes = {"POST": WRITE}

    def checkout(self, pk: int) -> Checkout:
        row = checkout_of(self, pk)
        self.caller.require_change(row.project.organisation_id)
        return row


class CheckoutAdd(_Changing):
    @extend_schema(operation_id="checkout_add", request=Add, responses=CheckoutStatusSerializer)
    def post(self, request: Request, pk: int) -> Response:
        """Take files, as they are now, into the next commit; also those that were taken away."""
        row = self.checkout(pk)
        body = Add(data=request.data)
        body.is_valid(raise_exception=True)
        desk_of(row).add(body.validated_data.get("paths", []))
        return Response(shown(row))


class CheckoutCommit(_Changing):
    @extend_schema(operation_id="checkout_commit", request=MakeCommit, responses={201: CommittedSerializer})
    def post(self, request: Request, pk: int) -> Response:
        """Commit what was added. 409 where nothing was, or where the branch went on meanwhile."""
        row = self.checkout(pk)
        body = MakeCommit(data=request.data)
        body.is_valid(raise_exception=True)
        require_writable(row.project, row.branch)
        commit = desk_of(row).save(body.validated_data["message"], person(self.caller.user))
        return Response(CommittedSerializer({"branch": row.branch, "commit": commit}).data, status.HTTP_201_CREATED)


class CheckoutClose(_Changing):
    @extend_schema(operation_id="checkout_close", request=None, responses=CheckoutSerializer)
    def post(self, request: Request, pk: int) -> Response:
        """Close a checkout. What was not committed is gone."""
        row = self.checkout(pk)
        close_checkout(row)
        return Response(CheckoutSerializer(row).data)
