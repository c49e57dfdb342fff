"""What a tool is, and the box of them that a loop works with.

A tool's function takes its checked arguments and returns text for the model. What goes wrong for the model's own
reasons (no such file, a pattern that is none) is ToolFailed: a sentence for the model, which may do better. What it
raises besides ends the loop.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from workers.llm.port import Tool, ToolCall
from workers.llm.tools.bounded import Bounds


class ToolFailed(Exception):
    """The tool could not do what it was asked to; the message is for the model."""


class Submitted(Exception):
    """The model says that it is finished; the message is what it says of its work. Whether it is true is for others."""


class Arguments(BaseModel):
    """Base of every tool's arguments: nothing that is not known, and no guessing of types."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True)
class Instrument:
    """A tool as the loop holds it. `changes`: it may change files, or something outside; plan mode is without it.

    `schema`: what a model is told of its arguments, where somebody else checks them; else it is made from `arguments`.
    """

    name: str
    description: str
    arguments: type[BaseModel]
    run: Callable[[Any], str]
    changes: bool = False
    schema: Mapping[str, Any] | None = None

    @property
    def tool(self) -> Tool:
        if self.schema is not None:
            return Tool(self.name, self.description, self.schema)
        schema = self.arguments.model_json_schema()
        schema.pop("description", None)
        return Tool(self.name, self.description, _plain(schema, schema.pop("$defs", {})))


def _plain(schema: Any, parts: Mapping[str, Any]) -> Any:
    """A schema in one piece, without titles: some providers know no references."""
    if isinstance(schema, list):
        return [_plain(one, parts) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        rest = {name: value for name, value in schema.items() if name != "$ref"}
        return _plain({**parts[schema["$ref"].rpartition("/")[2]], **rest}, parts)
    named = schema.get("properties")
    plain = {name: _plain(value, parts) for name, value in schema.items() if name not in ("title", "properties")}
    if named is not None:
        plain["properties"] = {name: _plain(value, parts) for name, value in named.items()}
    return plain


@dataclass(frozen=True)
class Answer:
    """What the model is told. `changed`: files may be other than before; `submitted` ends the loop."""

    text: str
    problem: bool = False
    changed: bool = False
    seconds: float = 0.0
    submitted: Submitted | None = None


@dataclass
class Toolbox:
    """The tools of one job. Asking for one that is not in it is a sentence for the model, no error."""

    instruments: Sequence[Instrument]
    bounds: Bounds = field(default_factory=Bounds)

    def __post_init__(self) -> None:
        self._by_name = {one.name: one for one in self.instruments}
        self.tools = [one.tool for one in self.instruments]

    def without_changes(self) -> Toolbox:
        """For planning: what changes things is not forbidden but absent."""
        return Toolbox([one for one in self.instruments if not one.changes], self.bounds)

    def run(self, call: ToolCall) -> Answer:
        began = time.monotonic()
        changed = call.name in self._by_name and self._by_name[call.name].changes
        try:
            text = self.bounds.cut(self._run(call), call.id)
        except ToolFailed as failure:
            return Answer(str(failure), problem=True, changed=changed, seconds=time.monotonic() - began)
        except Submitted as end:
            return Answer("Submitted.", submitted=end, changed=changed, seconds=time.monotonic() - began)
        return Answer(text, changed=changed, seconds=time.monotonic() - began)

    def _run(self, call: ToolCall) -> str:
        instrument = self._by_name.get(call.name)
        if instrument is None:
            raise ToolFailed(f"There is no tool {call.name!r}. There are: {', '.join(self._by_name)}.")
        if call.problem:
            raise ToolFailed(call.problem)
        try:
            arguments = instrument.arguments.model_validate(dict(call.arguments))
        except ValidationError as error:
            raise ToolFailed(_explain(call.name, error)) from None
        return instrument.run(arguments)

    def describe(self, call: ToolCall) -> str:
        return describe(call)


def describe(call: ToolCall) -> str:
    """One line for people: the tool and its most telling argument."""
    return f"{call.name} {_first_line(call.arguments)}".strip()


def _first_line(arguments: Mapping[str, Any]) -> str:
    value = str(next(iter(arguments.values()), ""))
    line = value.strip().partition("\n")[0]
    return line if len(line) <= 160 else f"{line[:159]}…"


def _explain(name: str, error: ValidationError) -> str:
    wrong = [f"{'.'.join(map(str, one['loc'])) or 'arguments'}: {one['msg']}" for one in error.errors()[:5]]
    return f"{name} was called wrongly. {'; '.join(wrong)}."
