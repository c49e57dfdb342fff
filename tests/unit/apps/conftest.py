"""Unit tests need nothing: no worker runs beside them that could answer."""

from __future__ import annotations

import pytest

from apps.projects import mcp_looks


@pytest.fixture(autouse=True)
def _nobody_is_waited_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mcp_looks, "WAIT_S", 0.2)
