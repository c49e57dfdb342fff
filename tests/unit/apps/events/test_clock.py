"""Time on SQLite, which one machine has for itself. The rest is in tests/postgresql/test_clock.py."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from apps.events.clock import Clock


@pytest.mark.django_db
def test_it_is_aware_and_this_machines_own() -> None:
    if connection.vendor != "sqlite":
        pytest.skip("SQLite alone")
    assert abs(Clock().now() - datetime.now(UTC)) < timedelta(seconds=5)
