"""Jobs that misbehave: each ends with its reason, Hive goes on, and nothing that was accepted is lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.flows.real.evidence import SPEC, check_ended_right
from tests.flows.real.hive import Hive, running, until
from tests.servers.small_disk import small_disk

pytestmark = [pytest.mark.flow]

KIB, MIB = 1024, 1024 * 1024


@pytest.fixture(scope="module")
def hive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hive]:
    with running(tmp_path_factory.mktemp("abuse") / "home", HIVE_SANDBOX="", HIVE_LOG_LIMIT_MB="8") as hive:
        yield hive


def test_run(hive: Hive, line: str, **constraints: Any) -> tuple[Any, Any]:
    """Run this as the only test; (the run, its test job), once it has ended."""
    spec = {**SPEC, "tests": [{"run": line}], "constraints": constraints, "repair": {"rounds": 0}}
    run = hive.wait(hive.start(spec=spec))
    job = next(one for one in hive.all(f"runs/{run['id']}/jobs") if one["step"] == "testing.test")
    return run, job


test_run.__test__ = False  # type: ignore[attr-defined]


def test_a_test_that_prints_200_mb_passes_and_head_and_tail_are_kept(hive: Hive) -> None:
    run, job = test_run(hive, "echo begins; head -c 200000000 /dev/zero | tr '\\0' x; echo; echo ends")
    assert run["status"] == "completed", run
    log = hive.client.get(f"jobs/{job['id']}/log").content
    assert b"\nbegins\n" in log
    assert b"\nends\n" in log
    assert b"bytes were not kept here" in log
    assert len(log) < 9 * MIB


def test_a_test_that_forks_without_end_is_stopped(hive: Hive) -> None:
    run, job = test_run(hive, "f() { f | f & f; }; f", pids=64, timeout=20)
    assert run["status"] == "failed"
    assert job["reason"] in ("too_many_processes", "tests_failed", "timed_out"), job
    assert hive.get("runs")["count"] >= 1


def test_a_test_that_ignores_sigterm_ends_at_its_timeout(hive: Hive) -> None:
    _, job = test_run(hive, "trap '' TERM INT HUP; while true; do sleep 1; done", timeout=1)
    assert job["reason"] == "timed_out"


def test_a_test_that_writes_10_gb_is_stopped_at_its_limit(hive: Hive) -> None:
    _, job = test_run(hive, "for i in $(seq 100); do head -c 104857600 /dev/zero > f$i; done", disk="64MB", timeout=60)
    assert job["reason"] in ("disk_limit", "tests_failed"), job
    assert "MiB" in job["message"] or "File" in job["message"], job


def test_a_test_that_takes_all_memory_is_stopped(hive: Hive) -> None:
    hog = 'python3 -c "x = []\nwhile True: x.append(bytearray(16000000))"'
    _, job = test_run(hive, hog, memory="128MB", timeout=60)
    assert job["reason"] in ("out_of_memory", "tests_failed"), job


def test_after_all_that_hive_still_works(hive: Hive) -> None:
    check_ended_right(hive, hive.start(spec=SPEC))


def test_a_2_mib_spec_is_refused_with_its_size(hive: Hive) -> None:
    answer = hive.client.post("runs", json={"spec": "#" * (2 * MIB)})
    assert answer.status_code in (413, 422)
    assert "1 MiB" in answer.text or "1,048,576" in answer.text, answer.text


@pytest.mark.parametrize("body", [b"\x00\xff\xfe junk", b"{", b'{"spec": "\\u0000"}'], ids=["bytes", "half", "nul"])
def test_binary_junk_is_refused_with_a_sentence(hive: Hive, body: bytes) -> None:
    answer = hive.client.post("runs", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422)
    assert answer.json()["detail"]


@pytest.mark.parametrize(
    "change",
    [
        {"outputs": [{"path": "../../etc/passwd"}]},
        {"inputs": [{"type": "template", "name": "../../etc"}]},
        {"inputs": [{"type": "file", "path": "/etc/cron.d/x", "content": "x"}]},
    ],
    ids=["output", "template", "file"],
)
def test_paths_that_lead_out_are_refused(hive: Hive, change: dict[str, Any]) -> None:
    answer = hive.client.post("runs", json={"spec": {**SPEC, **change}})
    assert answer.status_code == 422
    assert answer.json()["problems"][0]["path"]


@pytest.fixture
def small_folder(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "small", mib=160) as folder:
        yield folder


def test_a_full_disk_is_told_and_nothing_is_lost(small_folder: Path) -> None:
    with running(small_folder / "home", HIVE_SANDBOX="", HIVE_MIN_FREE_MB="16") as hive:
        before = hive.wait(hive.start(spec=SPEC))
        assert before["status"] == "completed"
        filler = small_folder / "filler"
        filler.write_bytes(b"x" * (_free(small_folder) - 6 * MIB))
        run_id = hive.start(spec=SPEC)
        until(lambda: _refused(hive, run_id), 60, lambda: "no job says that the disk is full")
        filler.unlink()
        check_ended_right(hive, run_id)
        assert hive.get(f"runs/{before['id']}")["status"] == "completed"


def _refused(hive: Hive, run_id: int) -> bool:
    jobs = hive.all(f"runs/{run_id}/jobs")
    return any(job["reason"] == "infrastructure" and "MiB are free" in job["message"] for job in jobs)


def _free(path: Path) -> int:
    import os

    stat = os.statvfs(path)
    return stat.f_bavail * stat.f_frsize
