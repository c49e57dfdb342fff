"""What a project remembers: list and search, add, forget, export, erase."""

from __future__ import annotations

import json
from typing import Any

from django.http import StreamingHttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from apps.api.base import READ_RUNS, ApiView
from apps.api.paging import Pages
from apps.api.parsing import Number, Strict, Text
from apps.api.problems import Problem
from apps.memory.models import Note
from apps.memory.queries import export, notes_of
from apps.memory.search import search
from apps.memory.services import LONGEST, LONGEST_DAYS, MOST_NOTES, Author, MemoryRefused, erase, forget, remember
from apps.projects.models import Project

WRITE_RUNS = {"POST": "runs:write"}
LONGEST_QUERY = 500


class NoteSerializer(serializers.ModelSerializer[Note]):
    """One note. `author` is who wrote it, in words; `run` and `job` are null for a person's."""

    author = serializers.CharField()
    run = serializers.IntegerField(source="run_number", allow_null=True)
    job = serializers.IntegerField(source="job_number", allow_null=True)
    written_by = serializers.CharField(source="written_by.username", default=None, allow_null=True)

    class Meta:
        model = Note
        fields = ("id", "text", "author", "run", "job", "written_by", "written_at", "expires_at")
        read_only_fields = fields


class MakeNote(Strict):
    text = Text(max_length=LONGEST, help_text="Secrets of the project in it are masked.")
    days = Number(required=False, allow_null=True, default=None, min_value=1, max_value=LONGEST_DAYS)


class ForgottenSerializer(serializers.Serializer[dict[str, Any]]):
    forgotten = serializers.IntegerField(help_text="How many notes were erased.")


class MemoryView(ApiView):
    """What the project remembers, newest first; with `q`, the notes that have these words, the best first."""

    scopes = {**READ_RUNS, **WRITE_RUNS}
    serializer_class = NoteSerializer
    pagination_class = Pages

    @extend_schema(parameters=[OpenApiParameter("q", OpenApiTypes.STR, description="Words to look for.")])
    def get(self, request: Request, pk: int) -> Response:
        project = _find(self, pk)
        query = request.query_params.get("q", "")
        if len(query) > LONGEST_QUERY:
            raise serializers.ValidationError({"q": [f"Use {LONGEST_QUERY} characters at most."]})
        notes = search(project, query, MOST_NOTES) if query.strip() else notes_of(project)
        return self.get_paginated_response(NoteSerializer(self.paginate_queryset(notes), many=True).data)

    @extend_schema(request=MakeNote, responses={201: NoteSerializer})
    def post(self, request: Request, pk: int) -> Response:
        """Add a note; the same text again renews the one that there is. 409 where the memory is full."""
        project = _find(self, pk)
        self.caller.require_change(project.organisation_id)
        body = MakeNote(data=request.data)
        body.is_valid(raise_exception=True)
        try:
            note = remember(
                project, body.validated_data["text"], Author(self.caller.user), days=body.validated_data["days"]
            )
        except MemoryRefused as error:
            raise Problem(409, "conflict", str(error)) from None
        return Response(NoteSerializer(note).data, status.HTTP_201_CREATED)


class ForgetNote(ApiView):
    scopes = WRITE_RUNS

    @extend_schema(request=None, responses=ForgottenSerializer)
    def post(self, request: Request, pk: int, note_id: int) -> Response:
        """Erase one note for good."""
        project = _find(self, pk)
        self.caller.require_change(project.organisation_id)
        get_object_or_404(Note, project=project, pk=note_id)
        return Response({"forgotten": int(forget(project, note_id))})


class EraseMemory(ApiView):
    scopes = WRITE_RUNS

    @extend_schema(request=None, responses=ForgottenSerializer)
    def post(self, request: Request, pk: int) -> Response:
        """Erase all that the project remembers, for good. For owners of its organisation."""
        project = _find(self, pk)
        self.caller.require_manage(project.organisation_id)
        return Response({"forgotten": erase(project)})


class ExportMemory(ApiView):
    scopes = READ_RUNS

    @extend_schema(responses={(200, "application/x-ndjson"): OpenApiTypes.STR})
    def get(self, request: Request, pk: int) -> StreamingHttpResponse:
        """All that is kept of the project's memory, as a file: one JSON object a line, the oldest note first."""
        project = _find(self, pk)
        lines = (f"{json.dumps(note)}\n" for note in export(project))
        response = StreamingHttpResponse(lines, content_type="application/x-ndjson")
        response["Content-Disposition"] = f'attachment; filename="{project.slug}-memory.jsonl"'
        return response


def _find(view: ApiView, pk: int) -> Project:
    return get_object_or_404(view.caller.projects(), pk=pk)
