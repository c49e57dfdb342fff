"""ListView: a filtered list, a page at a time."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any, cast

import django_filters
from django import forms
from django.db.models import QuerySet
from django_filters.rest_framework import DjangoFilterBackend, FilterSet
from drf_spectacular.utils import extend_schema_field
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from apps.api.base import ApiView
from apps.api.paging import Pages
from apps.api.reading import reader

PAGING = ("page", "page_size")


@extend_schema_field({"type": "integer", "minimum": 0, "maximum": 2**63 - 1})
class WholeNumberFilter(django_filters.NumberFilter):
    field_class = forms.IntegerField

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, min_value=0, max_value=2**63 - 1, **kwargs)


@extend_schema_field({"type": "string", "minLength": 1, "maxLength": 60, "pattern": "^[^\\u0000]+$"})
class TextFilter(django_filters.CharFilter):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, min_length=1, max_length=60, strip=False, **kwargs)


class ChoicesFilter(django_filters.MultipleChoiceFilter):
    """Any of the values that are given. No row can come twice, so nothing is sorted to find that out."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, distinct=False, **kwargs)


class Filters(FilterSet):
    """Refuses what it does not know: a filter that is ignored would show everything, as if that had been asked for."""

    paging: Sequence[str] = PAGING

    def is_valid(self) -> bool:
        known = [*self.filters, *self.paging]
        wrong = {name: [_unknown(name, known)] for name in self.data if name not in known}
        wrong |= {name: ["This needs a value."] for name, value in self.data.items() if name in known and not value}
        if wrong:
            raise ValidationError(wrong)
        return super().is_valid()


class NoFilters(Filters):
    class Meta:
        fields: tuple[str, ...] = ()


def _unknown(name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, 1)
    meant = f" Did you mean {near[0]}?" if near else ""
    return f"There is no such parameter.{meant} Known: {', '.join(known)}."


class ListView(ApiView):
    """`rows` says whose, newest first; `context_of` reads for a whole page what its rows need."""

    filter_backends = (DjangoFilterBackend,)
    filterset_class: type[django_filters.FilterSet] = NoFilters
    pagination_class: Any = Pages

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        rows = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or []
        context = {**self.get_serializer_context(), **self.context_of(rows)}
        say = reader(self.get_serializer_class()(context=context))
        return self.get_paginated_response([say(row) for row in rows])

    def context_of(self, rows: Sequence[Any]) -> dict[str, Any]:
        return {}

    def rows(self) -> QuerySet[Any]:
        raise NotImplementedError

    def get_queryset(self) -> QuerySet[Any]:
        if getattr(self, "swagger_fake_view", False):  # the OpenAPI document is made: there is nobody who asks
            return cast(Any, self.get_serializer_class()).Meta.model.objects.none()
        return self.rows()
