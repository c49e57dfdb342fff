from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from tests.flows.compose.stack import Stack, composed
from tests.servers import docker


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """One composed Hive for all tests of this folder: building and starting it is what takes the time."""
    docker.require_engine()
    if not shutil.which("docker-compose") and not shutil.which("docker"):
        pytest.skip("needs docker-compose: install docker-compose")
    with docker.engine() as client:
        with composed(client) as stack:
            yield stack
        assert stack.left() == []
