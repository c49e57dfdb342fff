from __future__ import annotations

import os
import platform

import pytest

from workers.sandbox import orders
from workers.sandbox.identity import User
from workers.sandbox.orders import Orders
from workers.sandbox.port import Limits
from workers.sandbox.setup import Setup

SETUP = Setup(
    argv=["keeper"],
    workspace="/real/workspace",
    home="/real/home",
    tmp="/real/tmp",
    path="/usr/bin",
    plain=True,
    own_pids=False,
    own_loopback=False,
    counts_alone=True,
    on_disk=["/real/workspace"],
)
PRIVATE = User(0x70000001, 0x70000001)


def command(limits: Limits | None = None, timeout_s: float | None = None) -> dict[str, object]:
    made = Orders(SETUP, limits or Limits(), PRIVATE, "a-1").command(
        ["true"], None, "/workspace/x", timeout_s=timeout_s
    )
    return dict(made)


def test_the_workspace_of_a_job_is_mapped_to_where_it_really_is() -> None:
    assert command()["cwd"] == "/real/workspace/x"


def test_the_kernel_gets_a_little_room_above_the_watchers_limits() -> None:
    limits = command(Limits(processes=100, disk_bytes=2**20, memory_bytes=2**30))["limits"]
    assert limits == {"CORE": 0, "NOFILE": 8192, "FSIZE": 2 * 2**20, "DATA": 3 * 2**29, "NPROC": 132}


def test_cpu_time_is_bounded_where_there_is_a_time_limit() -> None:
    limits = command(timeout_s=5)["limits"]
    assert isinstance(limits, dict)
    assert limits["CPU"] == 5 * (os.cpu_count() or 1) + 10


def test_where_the_kernel_counts_other_processes_too_they_are_added(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orders, "_tasks_of", lambda _uid: 1000)
    for release, user, others in [("5.10.0-28", None, 1000), ("6.1.0", None, 0), ("5.10.0", PRIVATE, 0)]:
        monkeypatch.setattr(platform, "release", lambda release=release: release)
        limits = Orders(SETUP, Limits(processes=10), user, "a").command(["true"], None, "")["limits"]
        assert limits["NPROC"] == 42 + others
    nobody = Orders(SETUP, Limits(processes=10), User(65534, 65534), "a").command(["true"], None, "")
    assert nobody["limits"]["NPROC"] == 1042


def test_processes_of_a_user_are_counted_with_their_threads() -> None:
    assert orders._tasks_of(os.getuid()) >= 1
    assert orders._tasks_of(0x7FFFFFF0) == 0


def test_as_many_cpus_as_wanted_if_there_are_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {0, 1, 2, 3})
    chosen = [tuple(sorted(orders._some_cpus(2))) for _ in range(50)]
    assert {len(each) for each in chosen} == {2}
    assert len(set(chosen)) > 1
    assert orders._some_cpus(4) == orders._some_cpus(99) == []
