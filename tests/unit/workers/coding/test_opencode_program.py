"""Finding opencode's binary, whichever way npm put it there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from workers.coding.engines.opencode.program import NoProgram, find

BINARY, STARTER = b"\x7fELF\x02\x01\x01", b"#!/usr/bin/env node\n"


def put(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(0o755)
    return path


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    return tmp_path / "lib" / "node_modules"


def test_a_binary_is_taken_as_it_is(tmp_path: Path) -> None:
    binary = put(tmp_path / "opencode", BINARY)
    assert find(str(binary)) == binary


def test_it_is_looked_for_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    binary = put(tmp_path / "opencode", BINARY)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find("") == binary


@pytest.mark.parametrize("place", ["", "opencode-ai/node_modules"])
def test_a_starter_of_npm_leads_to_the_package_with_the_binary(modules: Path, place: str, tmp_path: Path) -> None:
    starter = put(modules / "opencode-ai" / "bin" / "opencode.exe", STARTER)
    binary = put(modules / place / "opencode-linux-arm64" / "bin" / "opencode", BINARY)
    (tmp_path / "opencode").symlink_to(os.path.relpath(starter, tmp_path))
    assert find(str(tmp_path / "opencode")) == binary


def test_for_another_machine_the_binary_that_asks_least_of_a_processor_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    starter = put(tmp_path / "node_modules" / "opencode-ai" / "bin" / "opencode.exe", STARTER)
    put(tmp_path / "node_modules" / "opencode-linux-x64" / "bin" / "opencode", BINARY)
    least = put(tmp_path / "node_modules" / "opencode-linux-x64-baseline" / "bin" / "opencode", BINARY)
    assert find(str(starter), elsewhere=True) == least


def test_a_starter_without_its_package_is_told(modules: Path) -> None:
    starter = put(modules / "opencode-ai" / "bin" / "opencode.exe", STARTER)
    with pytest.raises(NoProgram, match="its package is not beside it"):
        find(str(starter))


def test_what_is_not_there_is_told_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoProgram, match=r"opencode is not installed\. Use npm install"):
        find("")
    with pytest.raises(NoProgram, match="HIVE_OPENCODE=/nowhere is no program"):
        find("/nowhere")
