"""A page of rows, read quickly: the same as Django REST framework says of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from rest_framework import serializers
from rest_framework.test import APIRequestFactory

from apps.api.caller import Caller
from apps.api.reading import reader
from apps.api.runs import Facts, RunSerializer
from apps.runs.models import Run
from tests.conftest import People
from tests.stories import runs


@dataclass
class Row:
    name: str = "a"
    number: int | None = 7
    tags: list[str] = field(default_factory=list)
    inner: Row | None = None
    many: list[Row] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)

    def shouted(self) -> str:
        return self.name.upper()


class Inner(serializers.Serializer[Row]):
    name = serializers.CharField()
    number = serializers.IntegerField(allow_null=True)


class Own(Inner):
    def to_representation(self, instance: Row) -> dict[str, Any]:
        return {"own": instance.name}


class Outer(Inner):
    shouted = serializers.CharField()
    deep = serializers.CharField(source="inner.name", default=None)
    deepest = serializers.CharField(source="inner.inner.name", required=False)
    inner = Inner(allow_null=True)
    mine = Own(source="inner", allow_null=True)
    many = Inner(many=True)
    tags = serializers.ListField(child=serializers.CharField())
    key = serializers.CharField(source="extra.key", allow_null=True)
    missing = serializers.CharField(required=False)
    whole = serializers.SerializerMethodField()

    def get_whole(self, row: Row) -> str | None:
        return row.name if row.number else None


ROWS = {
    "plain": Row(),
    "nothing": Row("", None, ["x"]),
    "nested": Row(inner=Row("b", inner=Row("c")), many=[Row("d"), Row("e", None)], extra={"key": "k"}),
    "half": Row(inner=Row("b")),
}


@pytest.mark.parametrize("name", ROWS)
def test_a_row_says_what_it_says_elsewhere(name: str) -> None:
    assert reader(Outer())(ROWS[name]) == Outer().to_representation(ROWS[name])


def test_a_mapping_is_a_row_too() -> None:
    row = {"name": "a", "number": None}
    assert reader(Inner())(row) == {"name": "a", "number": None}


def test_who_has_a_way_of_its_own_keeps_it() -> None:
    assert reader(Own())(Row()) == {"own": "a"}


def test_what_a_row_lacks_is_told_as_elsewhere() -> None:
    with pytest.raises(AttributeError, match="serializer `Inner`"):
        reader(Inner())(object())


@pytest.mark.django_db
def test_a_run_says_what_it_says_elsewhere(people: People) -> None:
    made = runs.incident(people.project, people.owner).release.run
    runs.waiting(people.project, people.owner)
    Run.objects.filter(pk=made.pk).update(
        created_by=None, parent=made, touched=[{"task": "t", "path": "p", "change": "A"}]
    )
    found = list(Run.objects.order_by("pk"))
    context = {"request": APIRequestFactory().get("/"), "facts": Facts.of(found, Caller(people.owner))}
    serializer = RunSerializer(context=context)
    assert [reader(serializer)(run) for run in found] == [serializer.to_representation(run) for run in found]
