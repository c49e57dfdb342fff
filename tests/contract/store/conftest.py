"""Every implementation of ArtifactStore, one after the other. A new kind is a fixture and a name here."""

from __future__ import annotations

from pathlib import Path

import pytest

from apps.artifacts.store import ArtifactStore
from apps.artifacts.store.local import LocalStore
from apps.artifacts.store.memory import MemoryStore


@pytest.fixture(params=["local", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ArtifactStore:
    if request.param == "memory":
        return MemoryStore()
    return LocalStore.at(tmp_path / "artifacts")
