"""Pages of a list: {count, next, previous, results}.

Counting rows costs time with their number, so `count` stops at COUNT_LIMIT; whether there is a next page is known
without it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param

PAGE_SIZE = 50
MAX_PAGE_SIZE = 100
MAX_PAGE = 100_000
COUNT_LIMIT = 1_000


class Pages(BasePagination):
    """?page=1&page_size=50. A page behind the last one is empty."""

    def paginate_queryset(
        self, queryset: QuerySet[Any] | Sequence[Any], request: Request, view: Any = None
    ) -> list[Any]:
        self.request = request
        self.page = whole_number(request, "page", 1, 1, MAX_PAGE)
        size = whole_number(request, "page_size", PAGE_SIZE, 1, MAX_PAGE_SIZE)
        start = (self.page - 1) * size
        rows = list(queryset[start : start + size + 1])
        self.has_next = len(rows) > size
        if self.has_next or (self.page > 1 and not rows):
            self.count = _count(queryset)
        else:
            self.count = min(start + len(rows), COUNT_LIMIT)
        return rows[:size]

    def get_paginated_response(self, data: Sequence[Any]) -> Response:
        return Response({"count": self.count, "next": self._next(), "previous": self._previous(), "results": data})

    def _next(self) -> str | None:
        here = self.request.build_absolute_uri()
        return replace_query_param(here, "page", self.page + 1) if self.has_next and self.page < MAX_PAGE else None

    def _previous(self) -> str | None:
        here = self.request.build_absolute_uri()
        if self.page == 1:
            return None
        return replace_query_param(here, "page", self.page - 1) if self.page > 2 else remove_query_param(here, "page")

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": "string", "format": "uri", "nullable": True}
        about = f"How many there are; more than {COUNT_LIMIT:,} are not counted."
        return {
            "type": "object",
            "required": ["count", "next", "previous", "results"],
            "properties": {
                "count": {"type": "integer", "minimum": 0, "maximum": COUNT_LIMIT, "description": about},
                "next": link,
                "previous": link,
                "results": {**schema, "maxItems": MAX_PAGE_SIZE},
            },
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        return [_parameter("page", 1, MAX_PAGE), page_size_parameter()]


def page_size_parameter() -> dict[str, Any]:
    return _parameter("page_size", PAGE_SIZE, MAX_PAGE_SIZE)


def _count(rows: QuerySet[Any] | Sequence[Any]) -> int:
    return rows.order_by()[:COUNT_LIMIT].count() if isinstance(rows, QuerySet) else min(len(rows), COUNT_LIMIT)


def _parameter(name: str, default: int, maximum: int) -> dict[str, Any]:
    schema = {"type": "integer", "minimum": 1, "maximum": maximum, "default": default}
    return {"name": name, "in": "query", "required": False, "schema": schema}


def whole_number(request: Request, name: str, default: int, lowest: int, highest: int) -> int:
    """A query parameter. Raises ValidationError, which says what it may be."""
    text = request.query_params.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and lowest <= int(text[:20]) <= highest):
        raise ValidationError({name: [f"Use a whole number from {lowest} to {highest}."]})
    return int(text)
