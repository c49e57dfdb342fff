"""Twenty readers drop and resume, two processes write, the web server is killed: each sees all, once, in order."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.flows.web.readers import Reader
from tests.flows.web.server import Site, running, until
from tests.flows.web.stage import line

pytestmark = pytest.mark.flow

READERS = 20
EVENTS = 1000
LINES = 100_000
PAUSE_S = 0.01
LIMIT_S = 240.0


def check_events(reader: Reader, jobs: list[int]) -> None:
    numbers = [data["number"] for _, data in reader.taken]
    assert numbers == [identity for identity, _ in reader.taken] == list(range(1, len(numbers) + 1))
    for job in jobs:
        told = [data["data"]["number"] for _, data in reader.taken if data["type"] == "activity" and data["job"] == job]
        assert told == list(range(EVENTS // 2))
    assert reader.taken[-1][1]["data"]["to"] == "completed"


def check_log(reader: Reader, job: int) -> None:
    offset = 0
    for identity, data in reader.taken:
        assert data["offset"] == offset
        assert identity == offset + len(data["text"].encode())
        offset = identity
    assert "".join(data["text"] for _, data in reader.taken) == "".join(
        line(job, number) for number in range(LINES // 2)
    )


async def watch(site: Site, made: dict[str, Any], key: str) -> tuple[list[Reader], list[Reader]]:
    limits, headers = httpx.Limits(max_connections=None), {"Authorization": f"Api-Key {key}"}
    async with httpx.AsyncClient(
        base_url=site.url, headers=headers, limits=limits, timeout=60, trust_env=False
    ) as client:
        run_stream, jobs = f"/api/v1/runs/{made['run']}/stream?until=end", made["jobs"]
        events = [Reader(client, run_stream, random.Random(seed)) for seed in range(READERS)]
        logs = [
            Reader(client, f"/api/v1/jobs/{jobs[seed % 2]}/log/stream", random.Random(-seed)) for seed in range(READERS)
        ]
        async with asyncio.timeout(LIMIT_S), asyncio.TaskGroup() as tasks:
            for reader in (*events, *logs):
                tasks.create_task(reader.follow())
            await asyncio.to_thread(disturb, site, made)
    return events, logs


def disturb(site: Site, made: dict[str, Any]) -> None:
    """Two processes write; in the middle the web server is killed and started again; at the end the run ends."""
    share = (LINES // 2, EVENTS // 2, PAUSE_S)
    workers = [site.begin("work", job, *share) for job in made["jobs"]]
    artifacts = site.home.artifacts / "logs"
    until(lambda: workers[0].poll() is not None or half_way(site), "the workers do not get on", 120)
    site.kill("web")
    site.start_web()
    for worker in workers:
        assert worker.wait(120) == 0, (site.home.root / "work.log").read_text()
    assert len(list(artifacts.iterdir())) == 2
    site.stage("end", made["run"])


def half_way(site: Site) -> bool:
    import sqlite3

    with sqlite3.connect(f"file:{site.home.database}?mode=ro", uri=True) as database:
        return bool(database.execute("SELECT MAX(number) >= ? FROM events_event", [EVENTS // 2]).fetchone()[0])


def test_everybody_sees_everything_once_and_in_order(tmp_path: Path) -> None:
    with running(tmp_path / "home", HIVE_RATE="0/min") as site:
        key, made = site.stage("key"), site.stage("run_with_jobs", 2)
        events, logs = asyncio.run(watch(site, made, key))
        for seed in range(READERS):
            check_events(events[seed], made["jobs"])
            check_log(logs[seed], made["jobs"][seed % 2])
        assert sum(reader.drops for reader in events) > READERS * 3
        assert sum(reader.drops for reader in logs) > READERS
