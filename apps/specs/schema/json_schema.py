"""The JSON Schema of the spec as people write it: the long form's schema, and the short forms beside it."""

from __future__ import annotations

import json
from typing import Any

from apps.specs.schema.spec import OF_ALL_TASKS, SYNONYMS, TASK_KEYS, Spec


def document() -> dict[str, Any]:
    """For editors and other programs. It cannot say everything that validation checks (cycles, hosts, paths)."""
    schema = Spec.model_json_schema(by_alias=True)
    definitions = schema["$defs"]
    _drop_titles(schema)
    _allow_only_task(schema, definitions["Task"])
    _allow_refinements(definitions["Check"])
    definitions["Requirement"] = _or_text(definitions["Requirement"])
    definitions["CodeCommand"] = {
        "anyOf": [definitions["CodeCommand"]["properties"]["run"], definitions["CodeCommand"]]
    }
    definitions["RunsOn"] = {"anyOf": [dict(definitions["RunsOn"]["properties"]["testing"]), definitions["RunsOn"]]}
    for owner in (schema, definitions["Task"], definitions["Check"]):
        _allow_synonyms(owner)
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Hive spec",
        "description": "What Hive builds, tests, deploys and watches. Explained in docs/specs.md.",
    }
    return {**head, **{key: value for key, value in schema.items() if key not in head}}


def text() -> str:
    """What specs/spec.schema.json holds, to the byte."""
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


def _drop_titles(node: Any) -> None:
    """pydantic's titles only repeat the key."""
    if isinstance(node, dict):
        for key, value in list(node.items()):
            if key == "title" and isinstance(value, str):
                del node[key]
            else:
                _drop_titles(value)
    elif isinstance(node, list):
        for item in node:
            _drop_titles(item)


def _allow_only_task(spec: dict[str, Any], task: dict[str, Any]) -> None:
    """A spec without `tasks` has the keys of its only task; one with `tasks` has only their constraints."""
    for key in TASK_KEYS:
        spec["properties"][key] = dict(task["properties"][key])
    spec["properties"]["constraints"]["description"] = "What jobs may use, for every task that does not say otherwise."
    spec["properties"]["runs_on"]["description"] = "Tags of agents, for every task that does not say otherwise."
    spec["required"] = [key for key in spec["required"] if key != "tasks"]
    task_only = [key for key in TASK_KEYS if key not in OF_ALL_TASKS]
    spec["oneOf"] = [
        {"required": ["tasks"], "not": {"anyOf": [{"required": [key]} for key in task_only]}},
        {"required": ["tests"], "not": {"required": ["tasks"]}},
    ]
    task["required"].remove("title")


def _or_text(requirement: dict[str, Any]) -> dict[str, Any]:
    """A requirement may be its text alone; without an id it gets one."""
    requirement["required"].remove("id")
    return {"anyOf": [dict(requirement["properties"]["text"]), requirement]}


def _allow_refinements(check: dict[str, Any]) -> None:
    """An item without `url` refines the one before it, so none is required here."""
    check["required"].remove("url")
    check["minProperties"] = 1


def _allow_synonyms(owner: dict[str, Any]) -> None:
    properties = owner["properties"]
    for short, long in SYNONYMS.items():
        if long in properties:
            properties[short] = {**properties[long], "description": f"The same as `{long}`."}
            properties[short].pop("default", None)
            owner.setdefault("allOf", []).append({"not": {"required": [short, long]}})
