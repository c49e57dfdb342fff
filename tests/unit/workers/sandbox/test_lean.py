"""The inside reads and writes JSON as the standard library does, and starts without what that imports."""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any

import pytest

from workers.sandbox.inside import lean
from workers.sandbox.starting import INSIDE, python

LARGE = ["contextlib", "enum", "json", "pathlib", "re", "selectors", "signal", "socket", "typing"]


@pytest.mark.parametrize("program", ["keeper", "nursery"])
def test_a_sandbox_starts_without_large_imports(program: str) -> None:
    script = f"import sys; sys.path.append({os.fspath(INSIDE.parent)!r}); import inside.{program}; print(*sys.modules)"
    seen = subprocess.run([python(), "-I", "-S", "-c", script], capture_output=True, text=True, check=True)
    assert [name for name in LARGE if name in seen.stdout.split()] == []


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"do": "spawn", "argv": ["ü🐝", "\udcff", 'a"\\\n\0'], "cpus": [], "nice": -5, "input": False, "port": None},
        {"grace_s": 0.25, "peak": 2**40, "over": ["disk_limit", "…"], "deep": [[[{"a": [1]}]]]},
        "text",
        [True, 1e300],
    ],
)
def test_json_is_json(value: Any) -> None:
    assert lean.dumps(value) == json.dumps(value)
    assert lean.loads(lean.dumps(value).encode("ascii")) == value


@pytest.mark.parametrize("text", [b"", b"{", b"{}}", b"nothing", b'"\n"', b"\xff", b"[1,]"])
def test_what_is_no_json_is_a_value_error(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"JSON|Expecting|control|ascii|property|delimiter|value|name"):
        lean.loads(text)


def test_what_cannot_be_written_is_a_type_error() -> None:
    with pytest.raises(TypeError):
        lean.dumps({"a": object()})
