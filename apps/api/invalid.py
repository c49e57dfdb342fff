"""What is wrong with a request's fields, in the form in which a spec's problems are told too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rest_framework.exceptions import ErrorDetail, ValidationError


def field_problems(error: ValidationError) -> list[dict[str, Any]]:
    """[{line, column, path, code, message, hint}]: one per thing that is wrong; lines are a spec's only."""
    return [_problem(path, detail) for path, detail in _walk("", error.detail)]


def _walk(path: str, detail: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(detail, dict):
        for name, inner in detail.items():
            below = path if name == "non_field_errors" else f"{path}.{name}".lstrip(".")
            yield from _walk(below, inner)
    elif isinstance(detail, list):
        for inner in detail:
            yield from _walk(path, inner)
    else:
        yield path, detail


def _problem(path: str, detail: Any) -> dict[str, Any]:
    code = detail.code if isinstance(detail, ErrorDetail) else "invalid"
    return {"line": None, "column": None, "path": path, "code": code, "message": str(detail), "hint": ""}
