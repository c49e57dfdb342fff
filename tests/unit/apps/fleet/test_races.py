"""Agents that race for one job, on a real database with many connections: of SQLite, or of PostgreSQL."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.database import own_database

ROUNDS = 60  # 10,000 by hand: see racing.py


def test_of_many_agents_that_race_for_one_job_exactly_one_begins(tmp_path: Path) -> None:
    environ = {**os.environ, "HIVE_HOME": str(tmp_path), "DJANGO_SETTINGS_MODULE": "hive.settings"}
    program = [sys.executable, "-m", "tests.unit.apps.fleet.racing", str(ROUNDS)]
    with own_database() as url:
        environ["HIVE_DATABASE_URL"] = url
        done = subprocess.run(program, env=environ, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert (seen["rounds"], seen["wrong"]) == (ROUNDS, [])
    assert seen["winners"] > 1, "it was no race: the same agent came first each time"
