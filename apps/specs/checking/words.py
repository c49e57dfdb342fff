"""What to say of the errors that pydantic itself finds: wrong types, lengths, ranges."""

from __future__ import annotations

from typing import Any

from pydantic_core import ErrorDetails

from apps.specs.checking.where import Place
from apps.specs.reading.nodes import Node

WANTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "keys and values",
    "model_type": "keys and values",
    "model_attributes_type": "keys and values",
}


def describe(error: ErrorDetails, place: Place, whole: str) -> tuple[str, str, str]:
    """Code, message and hint."""
    kind, context = error["type"], error.get("ctx", {})
    name = f"`{place.name}`" if place.name else whole
    if isinstance(place.node.key, int) and not place.absent:
        name = f"An entry of {name}"
    if kind in WANTED:
        return "wrong_type", f"{name} must be {WANTED[kind]}, not {kind_of(place.node)}.", _how(kind, place.node)
    if kind in ("too_short", "string_too_short"):
        return _too_short(name, place)
    if kind in ("too_long", "string_too_long"):
        unit = "characters" if kind == "string_too_long" else "entries"
        most = f"{context['max_length']:,}"
        return "out_of_range", f"{name} is longer than {most} {unit}.", f"Keep it within {most} {unit}."
    if kind in ("greater_than", "greater_than_equal", "less_than", "less_than_equal"):
        return "out_of_range", f"{name} is {place.node.value}.", f"{_bound(kind, context)}."
    return "invalid", f"{name}: {error['msg']}.", place.described


def kind_of(node: Node) -> str:
    """What stands there, in words."""
    value = node.value
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "true" if value else "false"
    names = {dict: "keys and values", list: "a list", int: "a number", float: "a number", str: "text"}
    return names[type(value)]


def _how(kind: str, node: Node) -> str:
    value = node.value
    if kind == "string_type" and isinstance(value, bool | int | float):
        shown = str(value).lower() if isinstance(value, bool) else value
        return f'Quote it: "{shown}".'
    if kind == "bool_type":
        return "Write true or false without quotes (in YAML 1.2 yes, no, on and off are text)."
    if kind in ("list_type", "tuple_type"):
        return "Write it as a list: one `- …` per entry."
    if kind in ("dict_type", "model_type", "model_attributes_type"):
        return "Write it as `key: value`, indented."
    return "Write it without quotes." if isinstance(value, str) else ""


def _too_short(name: str, place: Place) -> tuple[str, str, str]:
    if place.name == "tests":
        return "missing", "A task needs at least one test: done means evidence.", "Add `- run: ./run-tests.sh`."
    if place.name == "tasks":
        return "missing", "A spec needs at least one task.", "Add one, or leave `tasks` out."
    return "empty", f"{name} is empty.", place.described


def _bound(kind: str, context: dict[str, Any]) -> str:
    words = {
        "greater_than": ("more than", "gt"),
        "greater_than_equal": ("at least", "ge"),
        "less_than": ("less than", "lt"),
        "less_than_equal": ("at most", "le"),
    }
    word, key = words[kind]
    bound = context[key]
    return f"Use {word} {bound:g}" if isinstance(bound, float) else f"Use {word} {bound:,}"
