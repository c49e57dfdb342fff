"""Is this a job file? check() says what its cells are, or all that is wrong with it, as for specs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import ValidationError

from apps.ci.definition.matrix import Cell, cells, fill
from apps.ci.definition.schema import Definition
from apps.specs.checking.explain import Explainer
from apps.specs.checking.nearest import Nearest
from apps.specs.problems import Problem, Problems, StopReading
from apps.specs.reading import objects, source, writing, yaml_text
from apps.specs.reading.nodes import Node, plain

MAX_BYTES = 256 * 1024
KEY_LENGTH = 40


@dataclass(frozen=True)
class Checked:
    """The cells of a job file by their keys, or else its problems; and its text, as it came or would be written."""

    cells: dict[str, Definition]
    problems: list[Problem]
    text: str = ""

    @property
    def ok(self) -> bool:
        return not self.problems

    @property
    def first(self) -> Definition:
        return next(iter(self.cells.values()))


def check(text: str | bytes) -> Checked:
    """Read and check a job file of YAML (or JSON, which is YAML too). Never raises for what the text holds."""
    problems = Problems()
    try:
        _refuse_large(text, problems)
        decoded = source.read(text, problems)
    except StopReading:
        return Checked({}, problems.sorted())
    return _check(yaml_text.read(decoded, problems), decoded, problems)


def check_data(data: Any) -> Checked:
    """Check a definition that came as an object. Its problems have paths but no lines."""
    problems = Problems()
    node = objects.read(data, problems)
    if node is None or problems:
        return Checked({}, problems.sorted())
    text = writing.to_yaml(plain(node))
    try:
        _refuse_large(text, problems)
    except StopReading:
        return Checked({}, problems.sorted())
    return _check(node, text, problems)


def _refuse_large(text: str | bytes, problems: Problems) -> None:
    if len(text) > MAX_BYTES:
        message = f"The job file has {len(text):,} bytes; at most {MAX_BYTES:,} are accepted."
        problems.add("too_large", message, "Move long scripts into files of the package.")
        raise StopReading


def _check(root: Node | None, text: str, problems: Problems) -> Checked:
    if root is None:
        return Checked({}, problems.sorted(), text)
    _lengthen(root)
    found: dict[str, Definition] = {}
    nearest = Nearest()
    for cell in cells(root, problems):
        definition = _apply_schema(fill(root, cell, problems), problems, nearest)
        if definition is not None:
            found[_key(cell, found)] = definition
    return Checked({} if problems else found, problems.sorted(), text)


def _lengthen(root: Node) -> None:
    """Short forms made long: a command that is a text, and one text where a list is meant."""
    for name in ("commands", "artifacts", "junit", "runs_on", "secrets"):
        node = root.get(name)
        if node is not None and isinstance(node.value, str):
            root.mapping[name] = Node([Node(node.value, node.mark, node, 0)], node.mark, root, name)
    commands = root.get("commands")
    for index, item in enumerate(commands.items if commands else []):
        assert commands is not None and isinstance(commands.value, list)  # noqa: S101, PT018 - it has items
        if isinstance(item.value, str):
            run = Node(item.value, item.mark, item, "run")
            commands.value[index] = Node({"run": run}, item.mark, commands, index)
        elif (folder := item.get("dir")) and folder.text and not folder.text.startswith("/"):
            item.mapping["dir"] = Node(f"/workspace/{folder.text}", folder.mark, item, "dir")


def _apply_schema(node: Node, problems: Problems, nearest: Nearest) -> Definition | None:
    try:
        return Definition.model_validate(plain(node))
    except ValidationError as error:
        explainer = _Explainer(node, _schema(), problems, nearest)
        for detail in error.errors(include_url=False):
            explainer.explain(detail)
        return None


class _Explainer(Explainer):
    """A job file has neither tasks nor short names for its keys."""

    task_keys: Sequence[str] = ()
    synonyms: dict[str, str] = {}
    whole = "The job file"
    without_command = "This step has no command."
    of_tasks = False


@cache
def _schema() -> dict[str, Any]:
    return Definition.model_json_schema(by_alias=True)


def _key(cell: Cell, taken: dict[str, Definition]) -> str:
    """A name for the cell: its values, as far as they fit into an address."""
    words = re.sub(r"[^a-z0-9.]+", "-", "-".join(cell.values()).lower()).strip("-.")[:KEY_LENGTH] or "job"
    key, number = words, 1
    while key in taken:
        number += 1
        key = f"{words}-{number}"
    return key
