from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.agents.farm import Farm, verb
from tests.flows.agents.place import Place, open_place
from tests.flows.real.hive import Hive


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with open_place(tmp_path / "h") as found:
        yield found


@pytest.fixture(scope="module")
def token(hive: Hive) -> str:
    return str(verb(hive, "agent", "token", "--tags", "gpu", "--most", "50")["token"])


@pytest.fixture
def farm(hive: Hive, token: str, tmp_path: Path) -> Iterator[Farm]:
    found = Farm(hive, token, tmp_path)
    yield found
    for agent in found.agents:
        agent.kill()
        agent.wait(30)
