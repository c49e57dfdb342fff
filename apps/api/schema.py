"""The OpenAPI document, and the page that shows it."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema

from apps.api.problems import CONTENT_TYPE

PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457. `code` is stable, for programs; `detail` is for people. Some have more fields.",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "problems": {"type": "array", "items": {"$ref": "#/components/schemas/Problem"}},
    },
    "additionalProperties": True,
}


class Operation(AutoSchema):
    """One method of one view in the document. Which views are lists is known by their paging."""

    def _is_list_view(self, serializer: Any = None) -> bool:
        return self.method == "GET" and bool(getattr(self.view, "pagination_class", None))


class StrictBody(OpenApiSerializerExtension):
    """A body whose unknown fields are refused says so in the document."""

    target_class = "apps.api.parsing.Strict"
    match_subclasses = True

    def map_serializer(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        return {**auto_schema._map_basic_serializer(self.target, direction), "additionalProperties": False}


@require_safe
def document(request: HttpRequest) -> HttpResponse:
    """The document, as JSON. It tells nothing that the source does not, so anybody may read it."""
    return HttpResponse(_document(), content_type="application/json")


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    return render(request, "api/docs.html")


@cache
def _document() -> str:
    """Made once: it takes longer than any request should."""
    return json.dumps(SchemaGenerator().get_schema(request=None, public=True))


def add_problems(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """Every operation may answer with a problem: what was refused, what is missing, what failed."""
    result["components"].setdefault("schemas", {})["Error"] = PROBLEM
    content = {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Error"}}}
    result["components"].setdefault("responses", {})["Error"] = {"description": "A problem.", "content": content}
    for path in result["paths"].values():
        for operation in path.values():
            if isinstance(operation, dict) and "responses" in operation:
                operation["responses"]["default"] = {"$ref": "#/components/responses/Error"}
    return result
