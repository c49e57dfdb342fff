"""A tool's own schema, as far as a model can be given it: in one piece and bounded, whatever its server wrote."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

DEEPEST = 12
MOST_PARTS = 1_000
LONGEST_TEXT = 1_000
LONGEST_SCHEMA = 16_000
KEPT = (
    *("type", "description", "enum", "const", "default", "format", "pattern", "items", "required", "anyOf", "oneOf"),
    *("minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "additionalProperties"),
)
ANY: Mapping[str, Any] = {"type": "object", "properties": {}}


class _TooMuch(Exception):
    """Larger than a model should read."""


def plain(schema: Any) -> Mapping[str, Any]:
    """The schema without references and what providers do not know; of one that is too much, only that it is an object.

    The server checks arguments itself; this is for the model.
    """
    if not isinstance(schema, dict):
        return ANY
    try:
        made = _Plain(schema).of(schema, 0)
        size = len(json.dumps(made))
    except (_TooMuch, ValueError, RecursionError):
        return ANY
    if size > LONGEST_SCHEMA:
        return ANY
    return {**made, "type": "object", "properties": made.get("properties", {})}


class _Plain:
    def __init__(self, root: dict[str, Any]) -> None:
        self._root = root
        self._parts = 0

    def of(self, schema: Any, depth: int) -> Any:
        self._parts += 1
        if self._parts > MOST_PARTS:
            raise _TooMuch
        if isinstance(schema, list):
            return [self.of(one, depth + 1) for one in schema]
        if isinstance(schema, str):
            return schema[:LONGEST_TEXT]
        if not isinstance(schema, dict):
            return schema
        if depth > DEEPEST:
            return {}
        if "$ref" in schema:
            rest = {name: value for name, value in schema.items() if name != "$ref"}
            schema = {**self._part(schema["$ref"]), **rest}
        made = {name: self.of(schema[name], depth + 1) for name in KEPT if name in schema}
        if isinstance(named := schema.get("properties"), dict):
            made["properties"] = {str(name): self.of(value, depth + 1) for name, value in named.items()}
        return made

    def _part(self, reference: Any) -> dict[str, Any]:
        """What a reference into the same document leads to, without its own references' doing it for ever."""
        at: Any = self._root
        if not isinstance(reference, str) or not reference.startswith("#"):
            return {}
        for step in reference[1:].split("/")[1:20]:
            at = at.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(at, dict) else None
        return {name: value for name, value in at.items() if name != "$ref"} if isinstance(at, dict) else {}
