"""From the way that pydantic names (keys, positions, tags of unions) to a node and its part of the schema."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from apps.specs.reading.nodes import Node


@dataclass(frozen=True)
class Place:
    """Where an error is. If `absent`, `node` is the mapping that should hold `name`."""

    node: Node
    parent: Node | None = None
    name: str = ""
    schema: dict[str, Any] = field(default_factory=dict)
    above: dict[str, Any] = field(default_factory=dict)
    absent: bool = False

    @property
    def described(self) -> str:
        return str(self.schema.get("description", ""))

    @property
    def known(self) -> list[str]:
        """The keys that the mapping around this place may hold."""
        return list(self.above.get("properties", ()))

    @property
    def allowed(self) -> list[str]:
        """The values that may stand here."""
        values = self.schema.get("enum") or ([self.schema["const"]] if "const" in self.schema else [])
        return [str(value) for value in values if isinstance(value, str)]

    @property
    def tags(self) -> list[str]:
        return list(self.schema.get("discriminator", {}).get("mapping", ()))


def follow(way: Sequence[str | int], root: Node, schema: dict[str, Any]) -> Place:
    """The place at the end of `way`. Parts that name a member of a union are steps in the schema only."""
    definitions = schema.get("$defs", {})
    node, parent, name = root, None, ""
    here, above = schema, schema
    absent = False
    for part in way:
        tagged = here.get("discriminator", {}).get("mapping", {})
        if part in tagged:
            here = _resolve({"$ref": tagged[part]}, definitions)
            continue
        if part == "[key]":
            break
        above, here = here, _step(here, part, definitions)
        child = node.get(part) if isinstance(part, str) else _item(node, part)
        name = part if isinstance(part, str) else name
        if child is None:
            absent = True
            break
        node, parent = child, node
    return Place(node, parent, name, here, above, absent)


def _step(schema: dict[str, Any], part: str | int, definitions: dict[str, Any]) -> dict[str, Any]:
    if isinstance(part, int):
        return _resolve(schema.get("items", {}), definitions)
    inner = schema.get("properties", {}).get(part) or schema.get("additionalProperties") or {}
    return _resolve(inner if isinstance(inner, dict) else {}, definitions)


def _resolve(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """Through references, and through `X or null`; the outermost description counts."""
    if "anyOf" in schema:
        inner = [one for one in schema["anyOf"] if one.get("type") != "null"]
        if len(inner) == 1:
            schema = {**inner[0], **{key: value for key, value in schema.items() if key != "anyOf"}}
    if "$ref" in schema:
        target = definitions.get(schema["$ref"].rsplit("/", 1)[-1], {})
        schema = {**target, **{key: value for key, value in schema.items() if key != "$ref"}}
    return schema


def _item(node: Node, position: int) -> Node | None:
    return node.items[position] if 0 <= position < len(node.items) else None
