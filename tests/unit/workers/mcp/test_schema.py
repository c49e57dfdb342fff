"""Schemas of tools, whatever their server wrote."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from workers.mcp.schema import ANY, LONGEST_SCHEMA, plain

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["type", "properties", "items", "$ref", "#", "anyOf", "x"]), inner, max_size=4
        )
    ),
    max_leaves=20,
)


def test_a_reference_is_put_in_its_place() -> None:
    part = {"type": "object", "properties": {"x": {"type": "integer", "title": "X"}}}
    schema = {"type": "object", "properties": {"at": {"$ref": "#/$defs/Point"}}, "$defs": {"Point": part}}
    inner = {"type": "object", "properties": {"x": {"type": "integer"}}}
    assert plain(schema) == {"type": "object", "properties": {"at": inner}}


def test_one_that_refers_to_itself_ends_somewhere() -> None:
    node = {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}, "also": {"$ref": "#"}}}
    made = plain({**node, "$defs": {"node": node}})
    assert made["type"] == "object"
    assert len(json.dumps(made)) <= LONGEST_SCHEMA


def test_of_one_that_is_too_large_only_the_kind_is_left() -> None:
    many = {f"field{number}": {"type": "string", "description": "x" * 900} for number in range(100)}
    assert plain({"type": "object", "properties": many}) == ANY


def test_what_is_none_is_an_object_without_properties() -> None:
    assert plain(None) == plain("x") == plain({"type": "array"}) == ANY


@given(JSON)
def test_whatever_it_is_it_comes_out_as_an_object(schema: Any) -> None:
    made = plain(schema)
    assert made["type"] == "object"
    assert isinstance(made["properties"], dict)
    assert "$ref" not in json.dumps(made) or "$ref" in json.dumps(schema)
