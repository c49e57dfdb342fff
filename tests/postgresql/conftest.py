"""What only a real PostgreSQL can show. `make test-postgresql` runs these, and so does CI."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.db import connection


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if connection.vendor != "postgresql":
        reason = "runs on PostgreSQL alone: make test-postgresql"
        here = Path(__file__).parent
        for item in items:
            if here in item.path.parents:
                item.add_marker(pytest.mark.skip(reason=reason))
