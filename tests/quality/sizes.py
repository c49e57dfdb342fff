"""Fails where a module passes 250 lines or a function 40: split by meaning. Run by `make check`."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

MODULE_LINES = 250
FUNCTION_LINES = 40
ROOTS = ("hive", "apps", "workers", "tests")
SKIPPED = ("migrations", "catalogue", "__pycache__")


def too_long(path: Path) -> list[str]:
    text = path.read_text()
    found = []
    lines = text.count("\n")
    if lines > MODULE_LINES:
        found.append(f"{path}: {lines} lines, {MODULE_LINES} allowed: split it by meaning")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_LINES:
                found.append(f"{path}:{node.lineno}: {node.name} has {length} lines, {FUNCTION_LINES} allowed")
    return found


def main() -> int:
    found = [
        line
        for root in ROOTS
        for path in sorted(Path(root).rglob("*.py"))
        if not any(part in SKIPPED for part in path.parts)
        for line in too_long(path)
    ]
    print("\n".join(found) or "sizes: every module and function is within bounds")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
