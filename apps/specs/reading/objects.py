"""A spec that came as an object (JSON of the API) to the same nodes that YAML is read into."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from apps.specs.problems import Problems, StopReading
from apps.specs.reading.bounds import MAX_DEPTH, MAX_VALUES
from apps.specs.reading.nodes import Node


def read(data: Any, problems: Problems) -> Node | None:
    """The object as nodes, without marks; None if it is beyond the bounds."""
    try:
        return _Builder(problems).node(data, None, "", 0)
    except StopReading:
        return None


class _Builder:
    def __init__(self, problems: Problems) -> None:
        self.problems = problems
        self.count = 0

    def node(self, data: Any, parent: Node | None, key: str | int, depth: int) -> Node:
        node = Node(None, parent=parent, key=key)
        self._bound(depth, node)
        if isinstance(data, Mapping):
            node.value = {
                str(name): self.node(value, node, str(name), depth + 1)
                for name, value in data.items()
                if self._is_key(name, node)
            }
        elif isinstance(data, list | tuple):
            node.value = [self.node(value, node, index, depth + 1) for index, value in enumerate(data)]
        else:
            node.value = self._scalar(data, node)
        return node

    def _bound(self, depth: int, node: Node) -> None:
        self.count += 1
        if depth > MAX_DEPTH:
            message = f"This is nested deeper than {MAX_DEPTH} levels."
            self.problems.add("too_deep", message, "Make it flatter.", path=node.path)
            raise StopReading
        if self.count > MAX_VALUES:
            message = f"The spec holds more than {MAX_VALUES:,} values."
            self.problems.add("too_many_values", message, "Split it into several specs.")
            raise StopReading

    def _is_key(self, name: Any, node: Node) -> bool:
        if isinstance(name, str):
            self._check_text(name, node)
            return True
        self.problems.add("wrong_type", "A key must be text.", "Quote it.", path=node.path)
        return False

    def _scalar(self, data: Any, node: Node) -> Any:
        if isinstance(data, str):
            self._check_text(data, node)
        elif isinstance(data, float) and not math.isfinite(data):
            message = "This number has no finite value."
            self.problems.add("not_finite", message, "Write an ordinary number.", path=node.path)
            return 0
        elif data is not None and not isinstance(data, bool | int | float):
            message = f"A spec cannot hold a {type(data).__name__}."
            self.problems.add("wrong_type", message, "Use text, numbers, lists and objects.", path=node.path)
            return None
        return data

    def _check_text(self, text: str, node: Node) -> None:
        if "\x00" in text:
            self.problems.add("nul", "This text holds a NUL character.", "Remove it.", path=node.path)
        if any("\ud800" <= char <= "\udfff" for char in text):
            message = "This text holds half of a character (a lone surrogate)."
            self.problems.add("not_text", message, "Send valid Unicode.", path=node.path)
