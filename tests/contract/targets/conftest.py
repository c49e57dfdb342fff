from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.targets.containers import DockerPlace
from tests.contract.targets.place import FakePlace, Place, RealPlace, why_not
from tests.servers.docker import require_engine


@pytest.fixture(params=["process", "bubblewrap"])
def real(request: pytest.FixtureRequest) -> Iterator[RealPlace]:
    """The process target, on each kind of sandbox."""
    yield from opened(request.param)


@pytest.fixture(params=["fake", "process", "bubblewrap", "docker"])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    """Every target there is."""
    if request.param == "fake":
        yield FakePlace()
    else:
        yield from opened(request.param)


def opened(kind: str) -> Iterator[RealPlace]:
    if kind == "docker":
        require_engine()
        place: RealPlace = DockerPlace()
    elif why := why_not(kind):
        pytest.skip(f"needs the sandbox kind {kind}: {why}")
    else:
        place = RealPlace(kind)
    try:
        yield place
    finally:
        place.close()


@pytest.fixture
def engine_place() -> Iterator[DockerPlace]:
    """The targets `docker` and `compose`."""
    require_engine()
    place = DockerPlace()
    try:
        yield place
    finally:
        place.close()
