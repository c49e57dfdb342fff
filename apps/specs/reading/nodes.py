"""The tree that a spec is read into: values with their place in the text, and the way to them."""

from __future__ import annotations

from dataclasses import dataclass, field

Scalar = str | int | float | bool | None
Mark = tuple[int | None, int | None]  # line and column, from 1; None where the spec did not come as text
NOWHERE: Mark = (None, None)


@dataclass(slots=True, eq=False)
class Node:
    """One value. `value` is a scalar, a list of nodes, or a mapping of keys to nodes.

    A node may hang in more than one place (a YAML alias, a default handed down to tasks); `parent` is the first, so a
    problem in it is always told at the place where it was written.
    """

    value: Scalar | list[Node] | dict[str, Node]
    mark: Mark = NOWHERE
    parent: Node | None = None
    key: str | int = ""
    key_marks: dict[str, Mark] = field(default_factory=dict)

    @property
    def mapping(self) -> dict[str, Node]:
        """Its entries, if it is a mapping; else none."""
        return self.value if isinstance(self.value, dict) else {}

    @property
    def items(self) -> list[Node]:
        """Its items, if it is a list; else none."""
        return self.value if isinstance(self.value, list) else []

    @property
    def text(self) -> str | None:
        return self.value if isinstance(self.value, str) else None

    @property
    def path(self) -> str:
        """The way to it as written by people, such as tasks[2].tests[0].run; empty for the whole spec."""
        if self.parent is None:
            return str(self.key)
        above = self.parent.path
        return f"{above}[{self.key}]" if isinstance(self.key, int) else join(above, self.key)

    def get(self, key: str) -> Node | None:
        return self.mapping.get(key)

    def key_mark(self, key: str) -> Mark:
        return self.key_marks.get(key, self.mark)

    def put(self, key: str, node: Node, mark: Mark) -> None:
        """Add an entry to this mapping, under a key that stands at `mark`."""
        assert isinstance(self.value, dict)  # noqa: S101 - for the type checker
        self.value[key] = node
        self.key_marks[key] = mark


def join(above: str, key: str) -> str:
    return f"{above}.{key}" if above else key


Plain = Scalar | list["Plain"] | dict[str, "Plain"]


def plain(node: Node) -> Plain:
    """The same tree as ordinary Python values. Its depth was bounded when it was read."""
    if isinstance(node.value, dict):
        return {key: plain(child) for key, child in node.value.items()}
    if isinstance(node.value, list):
        return [plain(child) for child in node.value]
    return node.value
