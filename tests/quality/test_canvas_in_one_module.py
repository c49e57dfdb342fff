"""chain, group and chord are imported in one module only, so that there is one place to read how work is handed on."""

import ast
from pathlib import Path

ONLY = Path("workers/manager/canvas.py")
CANVAS = {"chain", "group", "chord", "chunks", "xmap", "starmap"}


def imports_canvas(path: Path) -> bool:
    return any(
        isinstance(node, ast.ImportFrom)
        and (node.module or "").split(".")[0] == "celery"
        and CANVAS & {name.name for name in node.names}
        for node in ast.walk(ast.parse(path.read_text()))
    )


def test_canvas_is_composed_in_one_module_only() -> None:
    sources = [path for root in ("hive", "apps", "workers") for path in Path(root).rglob("*.py")]
    assert [path for path in sources if imports_canvas(path)] in ([ONLY], [])
