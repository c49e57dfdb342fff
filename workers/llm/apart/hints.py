"""Annotations that are text, of classes in modules whose late names were taken back (later.Names)."""

from __future__ import annotations

import functools
import sys
import typing
from typing import Any

from workers.llm.apart.later import Names


def find_late_names() -> None:
    """From now on `typing.get_type_hints` does: it evaluates such text where a module's functions do not look."""
    if not hasattr(typing.get_type_hints, "__wrapped__"):
        typing.get_type_hints = _finding(typing.get_type_hints)


def _finding(usual: Any) -> Any:
    @functools.wraps(usual)
    def get_type_hints(of: Any, *how: Any, **more: Any) -> Any:
        while True:
            try:
                return usual(of, *how, **more)
            except NameError as error:
                if not _found(of, error.name or ""):
                    raise

    return get_type_hints


def _found(of: Any, name: str) -> bool:
    """Whether the name was a late one of a module that `of` is written in."""
    for part in getattr(of, "__mro__", (of,)):
        own = vars(sys.modules.get(getattr(part, "__module__", ""), typing))
        names = own.get("__builtins__")
        if isinstance(names, Names) and names.late(name) and name not in own:
            names.found(name)
            return True
    return False
