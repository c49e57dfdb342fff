"""Of a file that says many things (pyproject.toml, package.json): only how tests are run concerns the guard."""

from __future__ import annotations

import configparser
import json
import posixpath
import tomllib
from collections.abc import Callable, Mapping
from typing import Any

TEST_TOOLS = ("pytest", "tox", "nox", "coverage", "unittest")


def says_more(path: str) -> bool:
    """Whether it is a file of which only a part is about tests."""
    return posixpath.basename(path) in READERS


def same_orders(path: str, before: bytes, after: bytes) -> bool:
    """Whether the two versions of this file say the same about tests. What cannot be read counts as changed."""
    read = READERS[posixpath.basename(path)]
    try:
        return read(before.decode()) == read(after.decode())
    except (ValueError, RecursionError, configparser.Error):
        return False


def _pyproject(text: str) -> Any:
    tools = tomllib.loads(text).get("tool", {})
    return {name: tools[name] for name in TEST_TOOLS if name in tools}


def _package(text: str) -> Any:
    data: Mapping[str, Any] = json.loads(text)
    return {name: data.get(name) for name in ("scripts", "jest", "mocha", "vitest", "type")}


def _setup(text: str) -> Any:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(text)
    return {name: dict(parser[name]) for name in parser.sections() if name.split(":")[0] in ("tool", *TEST_TOOLS)}


READERS: Mapping[str, Callable[[str], Any]] = {
    "pyproject.toml": _pyproject,
    "package.json": _package,
    "setup.cfg": _setup,
}
