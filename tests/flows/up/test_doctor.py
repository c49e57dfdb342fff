"""`hive doctor` on this very machine."""

from __future__ import annotations

import json
import time

import pytest

from tests import busy
from tests.flows.up.running import Installed

pytestmark = pytest.mark.flow

PARTS = {"settings", "python", "git", "valkey", "disk room", "disk writing", "database", "port", "open files", "docker"}
PARTS |= {"opencode", "model", "sandbox bubblewrap", "sandbox process"}


def test_every_part_is_looked_at_in_a_few_seconds(hive: Installed) -> None:
    began_at = time.monotonic()
    done = hive.hive("doctor", "--json")
    took_s = time.monotonic() - began_at
    said = json.loads(done.stdout)
    assert {finding["part"] for finding in said["findings"]} >= PARTS
    assert (done.returncode == 0) is said["ok"]
    assert took_s < busy.allowed(5)
    assert not hive.home.exists()
    assert hive.left() == []


def test_a_needed_part_that_fails_is_1(hive: Installed) -> None:
    hive.home.write_text("a file in the way of the folder")
    hive.extra["HIVE_PORT"] = "high"
    done = hive.hive("doctor")
    assert done.returncode == 1
    assert any(line.startswith("fail\tsettings\tHIVE_PORT='high'") for line in done.stdout.splitlines())
