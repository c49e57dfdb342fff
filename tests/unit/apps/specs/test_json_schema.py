"""The JSON Schema accepts the short forms and refuses what an editor can know to be wrong."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from apps.specs.schema import json_schema

TASK: dict[str, Any] = {"tests": [{"run": "x"}]}
HEAD = {"id": "a", "title": "A"}
VALID = [
    HEAD | TASK,
    HEAD | {"tasks": [TASK | {"id": "b"}]},
    HEAD | {"tasks": [TASK | {"id": "b"}], "constraints": {"timeout": "10m", "network": True}},
    HEAD | TASK | {"story": "x", "acceptance": [{"url": "http://devsite"}, {"should_respond": 200}]},
    HEAD | TASK | {"inputs": [{"type": "template", "name": "x", "values": {"a": [1]}}]},
    HEAD | TASK | {"project": None, "deploy": None},
]
INVALID = [
    HEAD,
    HEAD | {"tests": []},
    HEAD | TASK | {"titel": "x"},
    HEAD | TASK | {"tasks": [TASK | {"id": "b"}]},
    HEAD | {"tasks": [{"id": "b"}]},
    HEAD | TASK | {"priority": "urgent"},
    HEAD | TASK | {"inputs": [{"type": "nothing", "name": "x"}]},
    HEAD | TASK | {"inputs": [{"type": "template", "name": "../x"}]},
    HEAD | TASK | {"description": "x", "story": "y"},
    HEAD | TASK | {"acceptance": [{"url": "http://devsite", "status": 1, "should_respond": 200}]},
    HEAD | TASK | {"constraints": {"cpus": 0}},
]


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json_schema.document())


@pytest.mark.parametrize("spec", VALID)
def test_it_accepts(validator: jsonschema.Draft202012Validator, spec: dict[str, Any]) -> None:
    validator.validate(spec)


@pytest.mark.parametrize("spec", INVALID)
def test_it_refuses(validator: jsonschema.Draft202012Validator, spec: dict[str, Any]) -> None:
    assert not validator.is_valid(spec)


def test_every_key_is_explained() -> None:
    document = json_schema.document()
    bare = [
        key
        for owner in (document, *document["$defs"].values())
        for key, value in owner.get("properties", {}).items()
        if "description" not in value and key != "type"
    ]
    assert bare == []
