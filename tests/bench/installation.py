"""A Hive to measure, as `hive up` starts it, and Django in this process on the same home."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from tests.flows.real.hive import Hive, running

USUAL = {"HIVE_LEASE_S": "30", "HIVE_SWEEP_S": "5", "HIVE_REPUBLISH_S": "60", "HIVE_PROBE_S": "10"}


@contextmanager
def measured_hive(**settings: str) -> Iterator[Hive]:
    """A Hive with the usual settings on a fresh home; Django of this process speaks to the same records."""
    with tempfile.TemporaryDirectory(prefix="hive-bench-") as folder, start_hive(folder, **settings) as hive:
        set_up_django(folder, **settings)
        yield hive


def start_hive(folder: str, **settings: str) -> AbstractContextManager[Hive]:
    return running(Path(folder) / "home", **{**USUAL, **settings})


def set_up_django(folder: str, **settings: str) -> None:
    """Once per process: Django knows one home."""
    os.environ |= {"HIVE_HOME": str(Path(folder) / "home"), "DJANGO_SETTINGS_MODULE": "hive.settings", **settings}
    import django

    django.setup()
