"""What it costs to keep a workspace: read, packed, its secrets hidden, and durable in the local store."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path

from tests.bench.figures import Figure, middle

TEMPLATE = Path(__file__).resolve().parents[2] / "workers/coding/catalogue/simple-static/template"
ROUNDS = 10
LARGE_BYTES = 64 * 1024 * 1024


def measure(repeat: int) -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="hive-bench-") as folder:
        small, large = Path(folder, "small"), Path(folder, "large")
        shutil.copytree(TEMPLATE, small)
        _fill(large)
        small_ms = middle([_keep_ms(small, Path(folder)) for _ in range(repeat * ROUNDS)])
        large_ms = middle([_keep_ms(large, Path(folder)) for _ in range(repeat)])
    return [
        Figure("workspace_small_ms", "keep the workspace of a small site", small_ms, "ms"),
        Figure("workspace_rate_mb_s", "keep a large workspace", LARGE_BYTES / 1e6 / (large_ms / 1000), "MB/s"),
    ]


def _fill(folder: Path) -> None:
    """Source text, over and over: what is random would not be compressed at all."""
    folder.mkdir()
    text = b"".join(path.read_bytes() for path in sorted(TEMPLATE.rglob("*.py")))
    for number in range(64):
        (folder / f"{number}.txt").write_bytes((text * (1 + LARGE_BYTES // 64 // len(text)))[: LARGE_BYTES // 64])


def _keep_ms(workspace: Path, folder: Path) -> float:
    from apps.artifacts.store.local import LocalStore
    from workers.sandbox.export import Export
    from workers.sandbox.pack import Packing
    from workers.sandbox.tree import Tree
    from workers.sandbox.unpack import Bounds

    store, began_at = LocalStore.at(folder / "store"), time.perf_counter()
    store.put(Packing(Export(Tree(workspace), ["**"], Bounds()), 2**30, [b"a-secret", b"x" * 50]), "runs/1/key")
    return (time.perf_counter() - began_at) * 1000
