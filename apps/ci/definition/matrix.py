"""The matrix: one job file, several cells. Works on nodes, so that what is wrong in a cell is told at its line.

`matrix: {python: ["3.11", "3.12"], exclude: [{python: "3.11"}]}` makes a cell of each combination;
`${{ matrix.python }}` stands for the cell's value, in any text of the file.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from apps.specs.problems import Problems
from apps.specs.reading.nodes import Node

MAX_CELLS = 64
MAX_AXES = 6
LONGEST_VALUE = 100
EXCLUDE = "exclude"
AXIS = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,39}")
REFERENCE = re.compile(r"\$\{\{\s*([^{}]*?)\s*\}\}")

Cell = dict[str, str]


def cells(root: Node, problems: Problems) -> list[Cell]:
    """The values of each cell, in the order in which they are written; one empty cell where there is no matrix."""
    matrix = root.get("matrix")
    if matrix is None:
        return [{}]
    if not isinstance(matrix.value, dict) or not matrix.mapping:
        hint = 'Write it as `axis: [value, …]`, such as python: ["3.11", "3.12"].'
        problems.add("wrong_type", "`matrix` has no axis.", hint, mark=matrix.mark, path=matrix.path)
        return []
    before = len(problems.found)
    axes = {name: _values(name, node, matrix, problems) for name, node in matrix.mapping.items() if name != EXCLUDE}
    excluded = _excluded(matrix.get(EXCLUDE), set(axes), problems)
    if len(problems.found) > before or not _within_bounds(matrix, axes, problems):
        return []
    found = [cell for cell in _combined(axes) if not any(one.items() <= cell.items() for one in excluded)]
    if not found:
        problems.add("empty", "`exclude` leaves no cell.", "Exclude less.", mark=matrix.mark, path=matrix.path)
    return found


def _combined(axes: dict[str, list[str]]) -> Iterator[Cell]:
    for values in itertools.product(*axes.values()):
        yield dict(zip(axes, values, strict=True))


def _within_bounds(matrix: Node, axes: dict[str, list[str]], problems: Problems) -> bool:
    count = 1
    for values in axes.values():
        count *= len(values)
    if len(axes) <= MAX_AXES and count <= MAX_CELLS:
        return True
    message = f"This matrix has {len(axes)} axes and {count:,} cells; at most {MAX_AXES} and {MAX_CELLS} are accepted."
    problems.add("out_of_range", message, "Split it into several job files.", mark=matrix.mark, path=matrix.path)
    return False


def _values(name: str, node: Node, matrix: Node, problems: Problems) -> list[str]:
    if not AXIS.fullmatch(name):
        hint = "Use up to 40 letters, digits, `_` and `-`."
        problems.add("bad_name", f"`{name[:80]}` is not an axis.", hint, mark=matrix.key_mark(name), path=node.path)
    if not node.items or len(node.items) > MAX_CELLS:
        hint = f"Give it a list of 1 to {MAX_CELLS} values."
        problems.add("wrong_type", f"`{name[:80]}` needs a list of values.", hint, mark=node.mark, path=node.path)
        return []
    found = [_text(item, problems) for item in node.items]
    for text in {text for text in found if found.count(text) > 1}:
        problems.add("duplicate", f"`{text}` is listed twice.", "Keep one of them.", mark=node.mark, path=node.path)
    return found


def _text(item: Node, problems: Problems) -> str:
    value = item.value
    if value is None or isinstance(value, dict | list):
        message = "A value of an axis is one text or number."
        problems.add("wrong_type", message, "Quote it.", mark=item.mark, path=item.path)
        return ""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if not text or len(text) > LONGEST_VALUE or not text.isprintable():
        message = f"A value of an axis has 1 to {LONGEST_VALUE} characters, on one line."
        problems.add("out_of_range", message, "Use a shorter one.", mark=item.mark, path=item.path)
    return text


def _excluded(node: Node | None, axes: set[str], problems: Problems) -> list[Cell]:
    if node is None:
        return []
    found = []
    for item in node.items[:MAX_CELLS]:
        unknown = set(item.mapping) - axes
        if not item.mapping or unknown:
            known = f"Name axes of this matrix: {', '.join(sorted(axes))}."
            problems.add("unknown_key", "This excludes no cell.", known, mark=item.mark, path=item.path)
        else:
            found.append({name: _text(value, problems) for name, value in item.mapping.items()})
    if not node.items:
        hint = "Write it as a list: one `- axis: value` per exclusion."
        problems.add("wrong_type", "`exclude` is not a list.", hint, mark=node.mark, path=node.path)
    return found


def fill(root: Node, cell: Cell, problems: Problems) -> Node:
    """The file as it stands for this cell: every reference replaced, `matrix` holding the cell's own values."""
    filled = _fill(root, cell, problems, root)
    if isinstance(filled.value, dict) and (matrix := root.get("matrix")):
        values: dict[str, Node] = {name: Node(value, matrix.mark, matrix, name) for name, value in cell.items()}
        filled.value["matrix"] = Node(values, matrix.mark, matrix.parent, matrix.key)
    return filled


def _fill(node: Node, cell: Cell, problems: Problems, root: Node) -> Node:
    if node.parent is root and node.key == "matrix":
        return node
    if isinstance(node.value, dict):
        children = {key: _fill(child, cell, problems, root) for key, child in node.value.items()}
        return Node(children, node.mark, node.parent, node.key, node.key_marks)
    if isinstance(node.value, list):
        return Node([_fill(child, cell, problems, root) for child in node.value], node.mark, node.parent, node.key)
    if isinstance(node.value, str) and "${{" in node.value:
        return Node(_replaced(node, node.value, cell, problems), node.mark, node.parent, node.key)
    return node


def _replaced(node: Node, text: str, cell: Cell, problems: Problems) -> str:
    def value(found: re.Match[str]) -> str:
        kind, _, axis = found[1].partition(".")
        if kind == "matrix" and axis in cell:
            return cell[axis]
        known = ", ".join(f"${{{{ matrix.{name} }}}}" for name in cell) or "none, since there is no `matrix`"
        message = f"`{found[0][:80]}` stands for nothing here."
        problems.add("unknown_reference", message, f"Known: {known}.", mark=node.mark, path=node.path)
        return found[0]

    return REFERENCE.sub(value, text)
