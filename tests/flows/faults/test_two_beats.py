"""Two beats at once: each tick comes twice, and what is due is still done once."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.flows.faults.load import Load
from tests.flows.faults.processes import beat
from tests.flows.real.hive import QUICK
from tests.servers.stack import Stack

pytestmark = [pytest.mark.flow]


def test_two_beats_do_what_one_does(on_redis: Stack, load: Load, tmp_path: Path) -> None:
    load.begin_site()
    load.check()
    with beat(on_redis, tmp_path / "log") as second:
        began_at, before = time.monotonic(), looks(on_redis)
        load.start_noops(5)
        load.start_site(lasts_s=1)
        load.check()
        time.sleep(max(0.0, began_at + 10 - time.monotonic()))
        passed_s = time.monotonic() - began_at
        found = looks(on_redis) - before
    assert not second.said.count("Traceback"), second.said
    assert 0 < found <= len(load.sites) * (passed_s / float(QUICK["HIVE_PROBE_S"]) + 1)
    names = on_redis.sql("SELECT name, count(*) FROM django_celery_beat_periodictask GROUP BY name HAVING count(*) > 1")
    assert names == []


def looks(stack: Stack) -> int:
    """At releases, so far."""
    return int(stack.sql("SELECT count(*) FROM incidents_proberesult")[0][0])
