"""Upload a repository: ask for a link, and send the archive or the bundle there."""

from __future__ import annotations

import shutil
import tempfile
from typing import Any, BinaryIO, cast

from django.conf import settings
from django.http import JsonResponse
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from apps.api.auth import Open
from apps.api.base import ApiView
from apps.api.code.files import WRITE
from apps.api.code.places import project_of
from apps.api.problems import Problem
from apps.api.rendering import AnyRenderer
from apps.projects.uploads import BadLink, make_link, read_link, require_own, take_upload

IN_MEMORY_BYTES = 1024 * 1024


class UploadLinkSerializer(serializers.Serializer[Any]):
    url = serializers.CharField()
    expires_at = serializers.DateTimeField()
    limit_bytes = serializers.IntegerField()


class ProjectUpload(ApiView):
    scopes = {"POST": WRITE}

    @extend_schema(operation_id="upload_project", request=None, responses={201: UploadLinkSerializer})
    def post(self, request: Request, pk: int) -> Response:
        """A link that takes a tar (plain, gzip, bzip2, xz), a zip or a git bundle by PUT, for an hour.

        An archive's files become a commit on the default branch, a bundle's branches become the project's.
        """
        project = project_of(self, pk)
        self.caller.require_change(project.organisation_id)
        try:
            require_own(project)
        except BadLink as error:
            raise Problem(409, "has_origin", str(error)) from None
        link = make_link(project, self.caller.user)
        url = request.build_absolute_uri(reverse("api:upload", args=[link.token]))
        shown = {"url": url, "expires_at": link.expires_at, "limit_bytes": settings.GIT_LIMIT_BYTES}
        return Response(UploadLinkSerializer(shown).data, status.HTTP_201_CREATED)


class Anything(AnyRenderer):
    media_type = "*/*"


@extend_schema(exclude=True)
class Upload(ApiView):
    """Left out of the OpenAPI document: an address of this kind is given, never made. The link is the permission."""

    authentication_classes = ()
    permission_classes = (Open,)
    throttle_classes = ()
    renderer_classes = (Anything,)

    def put(self, request: Request, token: str) -> JsonResponse:
        try:
            project, user = read_link(token)
            with tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES) as upload:  # it is read more than once
                shutil.copyfileobj(request._request, upload)
                upload.seek(0)
                commit, notes = take_upload(project, user, cast(BinaryIO, upload))
        except BadLink as error:
            raise Problem(404, "not_found", str(error)) from None
        return JsonResponse({"branch": project.default_branch, "commit": commit, "notes": notes}, status=201)
