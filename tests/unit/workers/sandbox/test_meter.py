"""What the meter says of memory, also while the processes that it looks at end."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from workers.sandbox.inside import meter as metering
from workers.sandbox.inside.meter import Meter
from workers.sandbox.inside.processes import Process

MIB = 1 << 20


def a_meter(memory_bytes: int) -> Meter:
    limits = {"processes": 50, "memory_bytes": memory_bytes, "disk_bytes": 1 << 30, "files": 1000}
    return Meter(limits, places=[], memory_places=[])


def a_process(pid: int, resident_mib: int) -> Process:
    return Process(pid, 1, "S", 1, resident_mib * MIB)


@pytest.fixture
def pid() -> Iterator[int]:
    """Of a process that sleeps and holds less than 50 MiB."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    time.sleep(0.05)
    yield process.pid
    process.kill()
    process.wait()


def test_a_process_that_has_ended_since_it_was_listed_uses_nothing() -> None:
    ended = subprocess.Popen(["/bin/true"])
    ended.wait()
    meter = a_meter(100 * MIB)
    assert meter.sample([a_process(ended.pid, 500)]) is None
    assert meter.peak_memory_bytes == 0


def test_one_that_waits_to_be_reaped_uses_nothing() -> None:
    ended = subprocess.Popen(["/bin/true"])
    os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
    assert a_meter(100 * MIB).sample([a_process(ended.pid, 500)]) is None
    ended.wait()


def test_the_share_counts_not_what_was_listed(pid: int) -> None:
    meter = a_meter(100 * MIB)
    assert meter.sample([a_process(pid, 500)]) is None
    assert 0 < meter.peak_memory_bytes < 50 * MIB


def test_it_looks_again_when_shares_grew_in_the_middle_of_a_look(monkeypatch: pytest.MonkeyPatch) -> None:
    shares = iter([60, 60, 20, 20])
    monkeypatch.setattr(metering, "_share_bytes", lambda process: next(shares) * MIB)
    meter = a_meter(100 * MIB)
    assert meter.sample([a_process(1, 80), a_process(2, 80)]) is None
    assert meter.peak_memory_bytes == 40 * MIB


def test_what_is_over_at_every_look_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metering, "_share_bytes", lambda process: 60 * MIB)
    over = a_meter(100 * MIB).sample([a_process(1, 80), a_process(2, 80)])
    assert over == ("out_of_memory", "It used 120 MiB of memory; 100 MiB are allowed.")
