"""Is this a spec? check() says what it means, or all that is wrong with it. Knows neither Django nor the catalogue.

1. source: size, encoding        2. YAML or object to nodes        3. short forms to long ones
4. the plan and the site, on nodes, so that they are checked even where a field is wrong        5. the schema
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from apps.specs.checking.explain import Explainer
from apps.specs.checking.lengths import within_lengths
from apps.specs.checking.nearest import Nearest
from apps.specs.checking.plan import check_plan
from apps.specs.checking.site import check_site
from apps.specs.problems import Problem, Problems, StopReading
from apps.specs.reading import long_form, objects, source, writing, yaml_text
from apps.specs.reading.bounds import MAX_BYTES
from apps.specs.reading.nodes import Node, plain
from apps.specs.schema import Spec

__all__ = ["Checked", "Problem", "check", "check_data", "check_file"]


@dataclass(frozen=True)
class Checked:
    """A spec in its long form, or else its problems; and its text, as it came or as it would be written."""

    spec: Spec | None
    problems: list[Problem]
    text: str = ""

    @property
    def ok(self) -> bool:
        return self.spec is not None


def check(text: str | bytes) -> Checked:
    """Read and check a spec of YAML (or JSON, which is YAML too). Never raises for what the text holds."""
    problems = Problems()
    try:
        decoded = source.read(text, problems)
    except StopReading:
        return Checked(None, problems.sorted())
    return _check(yaml_text.read(decoded, problems), decoded, problems)


def check_data(data: Any) -> Checked:
    """Check a spec that came as an object. Its problems have paths but no lines; `text` is the same spec as YAML."""
    problems = Problems()
    node = objects.read(data, problems)
    if node is None or problems:
        return Checked(None, problems.sorted())
    text = writing.to_yaml(plain(node))
    try:
        source.refuse_large(len(text.encode()), problems)
    except StopReading:
        return Checked(None, problems.sorted())
    return _check(node, text, problems)


def check_file(path: Path) -> Checked:
    """Check a file without reading more of it than a spec may hold. Raises OSError if it cannot be read."""
    with path.open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    size = path.stat().st_size if len(content) > MAX_BYTES else 0
    if size <= MAX_BYTES:  # also a pipe, which has no size of its own
        return check(content)
    problems = Problems()
    with contextlib.suppress(StopReading):
        source.refuse_large(size, problems)
    return Checked(None, problems.sorted())


def _check(node: Node | None, text: str, problems: Problems) -> Checked:
    if node is None:
        return Checked(None, problems.sorted(), text)
    nearest = Nearest()
    long_form.lengthen(node, problems)
    spec = None
    if within_lengths(node, problems):
        check_plan(node, problems, nearest)
        check_site(node, problems)
        spec = _apply_schema(node, problems, nearest)
    return Checked(None if problems else spec, problems.sorted(), text)


def _apply_schema(node: Node, problems: Problems, nearest: Nearest) -> Spec | None:
    try:
        return Spec.model_validate(plain(node))
    except ValidationError as error:
        explainer = Explainer(node, _schema(), problems, nearest)
        for detail in error.errors(include_url=False):
            explainer.explain(detail)
        return None


@cache
def _schema() -> dict[str, Any]:
    return Spec.model_json_schema(by_alias=True)
