from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.up.running import Installed


@pytest.fixture
def hive(tmp_path: Path) -> Iterator[Installed]:
    installed = Installed(tmp_path / "home")
    yield installed
    installed.clean_up()
