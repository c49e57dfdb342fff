"""What a serializer says of many rows. Where each field finds its value is settled once for all of them.

Django REST framework finds that out again for every field of every row, which takes longer than reading the rows.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from operator import attrgetter
from types import MethodType
from typing import Any, cast

from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Manager
from rest_framework.fields import Field, SerializerMethodField, SkipField
from rest_framework.relations import PKOnlyObject
from rest_framework.serializers import BaseSerializer, ListSerializer, Serializer

Read = Callable[[Any], Any]


def reader(serializer: BaseSerializer[Any]) -> Read:
    """The same as the serializer's to_representation(), for a page of rows."""
    if type(serializer) is ListSerializer:
        one = reader(cast(BaseSerializer[Any], serializer.child))
        return lambda rows: [one(row) for row in (rows.all() if isinstance(rows, Manager) else rows)]
    if not isinstance(serializer, Serializer) or type(serializer).to_representation is not Serializer.to_representation:
        return serializer.to_representation
    fields = [(str(field.field_name), _reader(field)) for field in serializer._readable_fields]

    def read(row: Any) -> Any:
        try:
            return {name: value(row) for name, value in fields}
        except SkipField:  # one that this row does not have
            return serializer.to_representation(row)

    return read


def _reader(field: Any) -> Read:
    if isinstance(field, SerializerMethodField):
        method: Read = getattr(field.parent, str(field.method_name))
        return method
    say = reader(field) if isinstance(field, BaseSerializer) else field.to_representation
    find = _finder(field)

    def read(row: Any) -> Any:
        value = find(row)
        nothing = value.pk if isinstance(value, PKOnlyObject) else value
        return None if nothing is None else say(value)

    return read


def _finder(field: Any) -> Read:
    """The field's own way where it has one, and where a row lacks what it looks for."""
    if type(field).get_attribute is not Field.get_attribute or not field.source_attrs:
        own: Read = field.get_attribute
        return own
    look = attrgetter(field.source)

    def find(row: Any) -> Any:
        try:
            value = look(row)
        except (AttributeError, ObjectDoesNotExist):
            return field.get_attribute(row)
        return value() if isinstance(value, MethodType | partial) else value

    return find
