"""Every implementation of ArtifactStore, one after the other. A new kind is a fixture and a name here."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from apps.artifacts.store import ArtifactStore, open_store
from apps.artifacts.store.local import LocalStore
from apps.artifacts.store.memory import MemoryStore
from tests.servers.s3 import S3, s3


@pytest.fixture(scope="session")
def server() -> Iterator[S3]:
    with s3() as running:
        yield running


@pytest.fixture
def bucket() -> str:
    """A bucket of the test's own."""
    return f"b-{secrets.token_hex(8)}"


@pytest.fixture(params=["local", "memory", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ArtifactStore:
    if request.param == "memory":
        return MemoryStore()
    if request.param == "local":
        return LocalStore.at(tmp_path / "artifacts")
    server: S3 = request.getfixturevalue("server")
    return open_store(server.create(request.getfixturevalue("bucket")))
