"""Reading a request: JSON of a bounded size, and fields that do not guess."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from typing import IO, Any

from django.conf import settings
from drf_spectacular.utils import extend_schema_field
from rest_framework import parsers, serializers
from rest_framework.exceptions import ParseError, ValidationError
from rest_framework.request import Request

from apps.api.problems import Problem
from apps.projects.models import SLUG


class JSONParser(parsers.BaseParser):
    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        body = stream.read(settings.API_MAX_BODY_BYTES + 1)
        if len(body) > settings.API_MAX_BODY_BYTES:
            raise Problem(413, "too_large", f"A request's body may hold up to {settings.API_MAX_BODY_BYTES:,} bytes.")
        try:
            return json.loads(body.decode(), parse_constant=_refuse)
        except (ValueError, RecursionError) as error:
            raise ParseError(f"The body is not JSON: {error}") from None


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number in JSON")


class Text(serializers.CharField):
    """A string, and nothing that could be made one."""

    default_error_messages = {"type": "Use a string."}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"trim_whitespace": False, **kwargs})

    def run_validation(self, data: Any = serializers.empty) -> Any:
        if data is not serializers.empty and data is not None and not isinstance(data, str):
            self.fail("type")
        return super().run_validation(data)


class Number(serializers.IntegerField):
    """A whole number, and nothing that could be made one."""

    default_error_messages = {"type": "Use a whole number."}

    def to_internal_value(self, data: Any) -> int:
        if not isinstance(data, int) or isinstance(data, bool):
            self.fail("type")
        return super().to_internal_value(data)


class Flag(serializers.BooleanField):
    """true or false, and nothing that could be made one."""

    default_error_messages = {"invalid": "Use true or false."}

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid")
        return data


@extend_schema_field({"type": "string", "pattern": "^[a-z0-9](?:[a-z0-9-]{0,58}[a-z0-9])?$"})
class Slug(Text):
    """What names a project or an organisation in an address."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.validators.append(SLUG)


@extend_schema_field({"oneOf": [{"type": "string"}, {"type": "object", "additionalProperties": True}]})
class SpecField(serializers.JSONField):
    """A spec: its YAML text, or an object of the same shape."""

    default_error_messages = {"type": "Use the spec's text, or an object of the same shape."}

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str | dict):
            self.fail("type")
        return data


class Strict(serializers.Serializer[Any]):
    """A body whose unknown fields are refused, with the nearest known name: a typo must not be ignored."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            known = list(self.fields)
            unknown = {name: [_unknown(str(name), known)] for name in data if name not in known}
            if unknown:
                raise serializers.ValidationError(unknown, code="unknown_key")
        return super().to_internal_value(data)


def _unknown(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, 1)
    meant = f" Did you mean {near[0]}?" if near else ""
    return f"There is no such field.{meant} Known: {', '.join(known)}."


def one_of(values: Sequence[str], what: str) -> dict[str, Any]:
    """The message of a choice that is none: it names those that are."""
    return {"invalid_choice": f"{what} {{input}} is not known. Known: {', '.join(values)}."}


def flag(request: Request, name: str) -> bool:
    """A switch in the address, off where it is not there. Raises ValidationError for anything but true and false."""
    said = request.query_params.get(name, "false").lower()
    if said not in ("true", "false"):
        raise ValidationError({name: ["Use true or false."]})
    return said == "true"
