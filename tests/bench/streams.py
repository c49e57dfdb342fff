"""(d) how fast output is taken in, and how soon an event is in the browser while 1,000 lines a second go by."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx

from tests.bench.figures import Figure, middle, percentile
from tests.bench.installation import measured_hive
from tests.flows.real.hive import Hive

LINE = b"2026-01-01T00:00:00Z building module 000000 of the site, everything is fine so far\n"
INGEST_BYTES = 64 * 1024 * 1024
LINES_PER_S = 1000
EVENTS_PER_S = 20
LOAD_S = 10.0
SECRETS = ["an-api-key-that-must-not-be-seen", "another one, with\na second line"]


def measure(repeat: int, **settings: str) -> list[Figure]:
    with measured_hive(**settings) as hive:
        speeds = [_ingest() for _ in range(repeat)]
        latencies = [_latency(hive) for _ in range(repeat)]
    return [
        Figure("log_mb_per_s", "(d) log ingestion", middle(speeds), "MB/s", at_least=20),
        Figure("log_lines_per_s", "    lines", middle(speeds) * 1e6 / len(LINE), "lines/s"),
        Figure("event_p50_ms", "    event to browser, p50", middle([one[0] for one in latencies]), "ms"),
        Figure("event_p99_ms", f"    p99, at {LINES_PER_S} lines/s", middle([one[1] for one in latencies]), "ms", 300),
    ]


def _running_job() -> Any:
    """A job that this process holds, of a run that goes on as long as it does."""
    from apps.accounts.models import Organisation
    from apps.projects.models import Project
    from apps.runs.models import Job, Run
    from apps.runs.services.active import ActiveJob
    from apps.runs.services.claim import claim

    project, _ = Project.objects.get_or_create(organisation=Organisation.objects.get(), slug="bench", name="Bench")
    run = Run.objects.create(project=project, title="Bench", workflow="noop", epoch=1)
    job = Job.objects.create(run=run, step="coding.noop", role="coding")
    row = claim(job.pk, 1, "bench/1")
    assert row is not None
    return ActiveJob(row)


def _ingest() -> float:
    """MB/s from the call to the committed row, masking included."""
    from apps.runs.services.output import LogWriter

    row = _running_job().row
    writer = LogWriter(row.pk, row.lease_token, secrets=lambda: SECRETS, limit=4 * INGEST_BYTES)
    piece = LINE * (32 * 1024 // len(LINE))
    began = time.perf_counter()
    for _ in range(INGEST_BYTES // len(piece)):
        writer.write(piece)
    writer.close()
    return writer.stored_bytes / 1e6 / (time.perf_counter() - began)


def _latency(hive: Hive) -> tuple[float, float]:
    """(p50, p99) in ms from recording an event to its arrival in a client, while output is stored beside it."""
    from apps.runs.services.heartbeat import pulse

    active = _running_job()
    pulse.watch(active)
    seen: list[float] = []
    done = threading.Event()
    reader = threading.Thread(target=_read, args=(hive, active.row.run_id, seen, done), daemon=True)
    reader.start()
    time.sleep(1)
    for _ in _ticks(LOAD_S, EVENTS_PER_S):
        active.log.write(LINE * (LINES_PER_S // EVENTS_PER_S))
        active.emit("activity", sent=time.time())
    time.sleep(1)
    done.set()
    pulse.unwatch(active)
    return middle(seen) * 1000, percentile(seen, 0.99) * 1000


def _ticks(seconds: float, per_s: int) -> Iterator[int]:
    began = time.perf_counter()
    for number in range(int(seconds * per_s)):
        time.sleep(max(0.0, began + number / per_s - time.perf_counter()))
        yield number


def _read(hive: Hive, run_id: int, seen: list[float], done: threading.Event) -> None:
    events = {"Accept": "text/event-stream"}
    with suppress(httpx.TransportError), hive.client.stream("GET", f"runs/{run_id}/stream", headers=events) as response:
        for line in response.iter_lines():
            if line.startswith("data:"):
                sent = json.loads(line[5:])["data"].get("sent")
                if sent:
                    seen.append(time.time() - sent)
            if done.is_set():
                return
