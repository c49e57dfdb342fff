"""Events: what happened in a run, in the order of their numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers

from apps.api.base import READ_RUNS
from apps.api.lists import ChoicesFilter, Filters, ListView, WholeNumberFilter
from apps.api.runs import run_of
from apps.events.models import Event, EventType


class EventSerializer(serializers.ModelSerializer[Event]):
    """{number, at, type, job, data}; the shape of `data` per type stands in docs/events.md."""

    job = serializers.IntegerField(source="job_id", allow_null=True)
    data = serializers.DictField()  # type: ignore[assignment] # the column, not the serializer's property

    class Meta:
        model = Event
        fields = ("number", "at", "type", "job", "data")
        read_only_fields = fields


class EventFilters(Filters):
    after = WholeNumberFilter("number", "gt")
    type = ChoicesFilter(choices=EventType.choices)
    job = WholeNumberFilter("job_id")

    class Meta:
        model = Event
        fields: tuple[str, ...] = ()


class RunEvents(ListView):
    """The run's events, oldest first. `?after=` a number goes on from there."""

    scopes = READ_RUNS
    serializer_class = EventSerializer
    filterset_class = EventFilters

    def rows(self) -> QuerySet[Event]:
        return Event.objects.filter(run_id=run_of(self, self.kwargs["pk"]).pk).order_by("number")

    def context_of(self, rows: Sequence[Event]) -> dict[str, Any]:
        return {}
