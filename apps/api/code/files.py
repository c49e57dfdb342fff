"""Files: list, read, write, remove. An etag is the number that git gives to the file's content."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import IO, Any, cast

from django.conf import settings
from django.http import HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import parsers, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.api.base import ApiView
from apps.api.byte_ranges import RANGE, ranged, span
from apps.api.code.places import Place, place_in_checkout, place_in_project, place_in_run, word
from apps.api.problems import Problem
from apps.api.rendering import AnyRenderer, binary
from apps.projects.code import Write

READ, WRITE = "code:read", "code:write"
READ_BYTES = 8 * 1024 * 1024  # in one answer
LISTED = 2000
LONGEST_PATH = 1024
ETAG = re.compile(r'"([0-9a-f]{40})"')
TEXTUAL = {"type": "string", "maxLength": LONGEST_PATH, "pattern": "^[^\\u0000]*$"}
REF = {"type": "string", "maxLength": 100, "pattern": "^[A-Za-z0-9._/-]*$"}
PATH = OpenApiParameter("path", TEXTUAL, required=True, description="Of the file, from the project's root.")
FOLDER = OpenApiParameter("path", TEXTUAL, description="A folder; empty: the root.")
AT_REF = OpenApiParameter("ref", REF, description="A branch, `origin/` and one of the origin's, or a commit.")
OF_TASK = OpenApiParameter("task", REF, description="A task of the run; empty: the run's newest commit.")
MESSAGE = OpenApiParameter("message", {"type": "string", "maxLength": 2000}, description="The commit's message.")
IF_MATCH = OpenApiParameter("If-Match", str, OpenApiParameter.HEADER, description="The etag that you read.")
IF_NONE = OpenApiParameter("If-None-Match", str, OpenApiParameter.HEADER, description="`*`: the file must be new.")


class EntrySerializer(serializers.Serializer[Any]):
    path = serializers.CharField()
    kind = serializers.ChoiceField(["file", "folder", "link", "repository"])
    size_bytes = serializers.IntegerField(allow_null=True)
    etag = serializers.CharField()
    executable = serializers.BooleanField()


class FolderSerializer(serializers.Serializer[Any]):
    """`more`: there is more than is listed."""

    commit = serializers.CharField()
    results = EntrySerializer(many=True)
    more = serializers.BooleanField()


class WrittenSerializer(serializers.Serializer[Any]):
    path = serializers.CharField()
    commit = serializers.CharField()
    etag = serializers.CharField(allow_blank=True)


class Raw(parsers.BaseParser):
    """The body as it is, of a bounded size."""

    media_type = "*/*"

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None) -> Any:
        data = stream.read(settings.API_MAX_BODY_BYTES + 1)
        if len(data) > settings.API_MAX_BODY_BYTES:
            raise Problem(413, "too_large", f"A file may hold up to {settings.API_MAX_BODY_BYTES:,} bytes.")
        return data


class Content(AnyRenderer):
    media_type = "application/octet-stream"


class FolderView(ApiView):
    scopes = {"GET": READ}

    def place(self, pk: int) -> Place:
        raise NotImplementedError

    def get(self, request: Request, pk: int) -> Response:
        """What is in a folder, at one commit: folders first. Up to 2,000 entries."""
        place = self.place(pk)
        found = place.code.entries(place.commit, word(self, "path", LONGEST_PATH), LISTED)
        shown = {"commit": place.commit, "results": found[:LISTED], "more": len(found) > LISTED}
        return Response(FolderSerializer(shown).data)


class FileView(ApiView):
    scopes = {"GET": READ, "PUT": WRITE, "DELETE": WRITE}
    http_method_names = ("get", "head", "put", "delete")
    renderer_classes = (Content,)
    parser_classes = (Raw,)

    def place(self, pk: int) -> Place:
        raise NotImplementedError

    def get(self, request: Request, pk: int) -> HttpResponseBase:
        """A file's bytes, up to 8 MiB at once; more in ranges. 304 where `If-None-Match` has its etag."""
        place = self.place(pk)
        file = place.code.file(place.commit, word(self, "path", LONGEST_PATH))
        about = {"ETag": f'"{file.etag}"', "X-Commit": place.commit}
        if file.etag in ETAG.findall(request.headers.get("If-None-Match", "")):
            return HttpResponse(status=304, headers=about)
        start, stop = span(request, file.size_bytes)
        if stop - start > READ_BYTES:
            detail = f"It has {file.size_bytes:,} bytes; up to {READ_BYTES:,} are given at once. Ask with Range."
            raise Problem(413, "too_much", detail, size_bytes=file.size_bytes)
        response = ranged(request, file.size_bytes, file.read, content_type=Content.media_type)
        for name, value in {**about, "Content-Disposition": "attachment", "X-Content-Type-Options": "nosniff"}.items():
            response[name] = value
        return response

    def put(self, request: Request, pk: int) -> HttpResponse:
        """Write a file: the body is its content. `If-Match` names the etag that you read, or `If-None-Match: *` says
        that it is new; 412 where it is not so (any more), 428 without either of them."""
        return self._write(request, pk, cast(bytes, request.data))

    def delete(self, request: Request, pk: int) -> HttpResponse:
        """Take a file away, if it is still the one that `If-Match` names."""
        return self._write(request, pk, None)

    def _write(self, request: Request, pk: int, data: bytes | None) -> HttpResponse:
        place = self.place(pk)
        self.caller.require_change(place.project.organisation_id)
        path = word(self, "path", LONGEST_PATH)
        expected = _expected(request)
        commit, etag = place.write(Write(path, data, expected), word(self, "message", 2000))
        body = WrittenSerializer({"path": path, "commit": commit, "etag": etag}).data
        status = 200 if expected or data is None else 201
        headers = {"ETag": f'"{etag}"'} if etag else {}
        return json_response(body, status, headers)


def json_response(body: Any, status: int, headers: dict[str, str]) -> HttpResponse:
    return JsonResponse(body, status=status, headers=headers)


def _expected(request: Request) -> str:
    """The etag that the file must have; empty: it must not be there."""
    match, none = request.headers.get("If-Match", "").strip(), request.headers.get("If-None-Match", "").strip()
    if none == "*" and not match:
        return ""
    found = ETAG.fullmatch(match)
    if not found:
        detail = "Say what you saw: If-Match with the file's etag, or If-None-Match: * for a file that is new."
        if not match:
            raise Problem(428, "precondition_required", detail)
        raise Problem(412, "precondition_failed", detail)
    return found[1]


FILE = {(200, Content.media_type): binary("The file."), (206, Content.media_type): binary("The range.")}
BYTES = OpenApiParameter("Range", str, OpenApiParameter.HEADER, description=RANGE)


def documented(*where: OpenApiParameter) -> Callable[[type[FileView]], type[FileView]]:
    """The same three operations for another place; drf-spectacular reads what it is told of each class."""

    def decorate(view: type[FileView]) -> type[FileView]:
        told = {
            "get": extend_schema(parameters=[PATH, *where, BYTES], responses=FILE),
            "put": extend_schema(
                parameters=[PATH, *where, IF_MATCH, IF_NONE, MESSAGE],
                request={Content.media_type: OpenApiTypes.BINARY},
                responses={200: WrittenSerializer, 201: WrittenSerializer},
            ),
            "delete": extend_schema(parameters=[PATH, *where, IF_MATCH, MESSAGE], responses={200: WrittenSerializer}),
        }
        return extend_schema_view(**told)(view)

    return decorate


@extend_schema_view(get=extend_schema(parameters=[FOLDER, AT_REF], responses=FolderSerializer))
class ProjectFolder(FolderView):
    def place(self, pk: int) -> Place:
        return place_in_project(self, pk)


@documented(AT_REF)
class ProjectFile(FileView):
    def place(self, pk: int) -> Place:
        return place_in_project(self, pk)


@extend_schema_view(get=extend_schema(parameters=[FOLDER, OF_TASK], responses=FolderSerializer))
class RunFolder(FolderView):
    def place(self, pk: int) -> Place:
        return place_in_run(self, pk)


@documented(OF_TASK)
class RunFile(FileView):
    def place(self, pk: int) -> Place:
        return place_in_run(self, pk)


@extend_schema_view(get=extend_schema(parameters=[FOLDER], responses=FolderSerializer))
class CheckoutFolder(FolderView):
    def place(self, pk: int) -> Place:
        return place_in_checkout(self, pk)


@documented()
class CheckoutFile(FileView):
    def place(self, pk: int) -> Place:
        return place_in_checkout(self, pk)
