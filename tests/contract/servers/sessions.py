"""A connection of Hive's own, beside that of the tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db.utils import ConnectionHandler

from hive.home import Home
from hive.postgresql.base import DatabaseWrapper
from hive.settings.database import from_url
from tests.servers.postgres import Postgres


@contextmanager
def connected(server: Postgres, folder: Path) -> Iterator[DatabaseWrapper]:
    """To the database `hive`; closed afterwards. The tests' own ban on databases must be lifted."""
    wrapper = ConnectionHandler({"default": from_url(server.url("hive"), Home(str(folder)))})["default"]
    assert isinstance(wrapper, DatabaseWrapper)
    yield wrapper
    wrapper.close()
