"""A migration that adds is applied while workers run: nobody has to be stopped for it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.flows.faults.load import Load
from tests.flows.real.hive import ROOT
from tests.servers.stack import Stack

pytestmark = [pytest.mark.flow]


def test_a_migration_is_applied_while_workers_run(on_redis: Stack, load: Load) -> None:
    workers = {name: on_redis.hive.pids()[name] for name in ("web", "steady", "build", "beat")}
    load.start_site(lasts_s=5)
    load.start_noops(10)
    migrate(on_redis)
    load.start_noops(10)
    load.check()
    assert on_redis.sql("SELECT count(*) FROM runs_job WHERE hint = ''")[0][0] > 20
    assert {name: on_redis.hive.pids()[name] for name in workers} == workers


def migrate(stack: Stack) -> None:
    environ = {key: value for key, value in os.environ.items() if not key.startswith("HIVE_")}
    environ |= {**stack.settings, "HIVE_HOME": str(stack.hive.home)}
    done = subprocess.run(
        [sys.executable, "-m", "django", "migrate", "--settings", "tests.flows.faults.addition.settings"],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "addition.0001_add... OK" in done.stdout
