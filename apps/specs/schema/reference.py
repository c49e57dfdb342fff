"""The tables of docs/specs.md, made from the models, so that the reference cannot say what the format does not hold."""

from __future__ import annotations

import re
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from apps.specs.schema.budget import Budget
from apps.specs.schema.delivery import Check, Deploy, Repair
from apps.specs.schema.guard import Guard
from apps.specs.schema.limits import Constraints, Limits
from apps.specs.schema.runs_on import RunsOn
from apps.specs.schema.spec import Spec
from apps.specs.schema.task import (
    CodeCommand,
    Expectation,
    FileInput,
    Output,
    Requirement,
    Task,
    TemplateInput,
    Test,
)

TABLES: dict[str, type[BaseModel]] = {
    "spec": Spec,
    "task": Task,
    "template-input": TemplateInput,
    "file-input": FileInput,
    "command": CodeCommand,
    "output": Output,
    "requirement": Requirement,
    "test": Test,
    "expect": Expectation,
    "constraints": Constraints,
    "runs-on": RunsOn,
    "check": Check,
    "deploy": Deploy,
    "limits": Limits,
    "budget": Budget,
    "guard": Guard,
    "repair": Repair,
}
MAY_BE_LEFT_OUT = {(Spec, "tasks"), (Task, "title"), (Requirement, "id")}
MARKED = re.compile(r"(<!-- keys: ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def fill(document: str) -> str:
    """The document with every part between `<!-- keys: NAME -->` and `<!-- end -->` made anew."""
    return MARKED.sub(lambda found: f"{found[1]}\n{table(TABLES[found[2]])}\n{found[3]}", document)


def table(model: type[BaseModel]) -> str:
    schema = model.model_json_schema(by_alias=True)
    rows = ["| key | value | default | meaning |", "| --- | --- | --- | --- |"]
    for name, info in model.model_fields.items():
        key = info.alias or name
        shape = _shape(schema["properties"][key])
        required = info.is_required() and (model, name) not in MAY_BE_LEFT_OUT
        default = "**required**" if required else _default(info, shape)
        rows.append(f"| `{key}` | {shape} | {default} | {info.description or _meaning(key)} |")
    return "\n".join(rows) + "\n"


def _meaning(key: str) -> str:
    return {"type": "What kind of input this is."}[key]


def _default(info: FieldInfo, shape: str) -> str:
    value = None if info.is_required() else info.get_default(call_default_factory=True)
    if value is None or value == () or value == "" or isinstance(value, BaseModel | dict):
        return ""
    if shape == "size":
        return f"`{value // 2**30}GiB`"
    if shape == "duration":
        return f"`{_duration(value)}`"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def _duration(seconds: float) -> str:
    for unit, size in (("h", 3600), ("m", 60)):
        if seconds % size == 0:
            return f"{seconds / size:g}{unit}"
    return f"{seconds:g}s"


def _shape(shape: dict[str, Any]) -> str:
    """What may stand there, in a word or two."""
    forms = [one for one in shape.get("anyOf", []) if one.get("type") != "null"]
    if forms:
        return " or ".join(_shape(form) for form in forms)
    if "enum" in shape:
        return ", ".join(f"`{str(value).lower() if isinstance(value, bool) else value}`" for value in shape["enum"])
    if "const" in shape:
        return f"`{shape['const']}`"
    if "examples" in shape:
        return "duration" if 90 in shape["examples"] else "size"
    if shape.get("type") == "array":
        return "list"
    if "$ref" in shape or shape.get("type") == "object":
        return "section"
    words = {"string": "text", "integer": "whole number", "number": "number", "boolean": "`true`, `false`"}
    return words[shape["type"]]
