from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.targets.place import FakePlace, Place, RealPlace, why_not


@pytest.fixture(params=["process", "bubblewrap"])
def real(request: pytest.FixtureRequest) -> Iterator[RealPlace]:
    """The process target, on each kind of sandbox."""
    yield from opened(request.param)


@pytest.fixture(params=["fake", "process", "bubblewrap"])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    """Every target there is."""
    if request.param == "fake":
        yield FakePlace()
    else:
        yield from opened(request.param)


def opened(kind: str) -> Iterator[RealPlace]:
    if why := why_not(kind):
        pytest.skip(f"needs the sandbox kind {kind}: {why}")
    place = RealPlace(kind)
    yield place
    place.close()
