"""On PostgreSQL and Valkey with 100,000 old runs and 1,000,000 events: the rate of jobs, and every page and list."""

from __future__ import annotations

import gc
import logging
import os
import sys
import tempfile
import time
from collections.abc import Callable

from tests.bench import runs
from tests.bench.figures import Figure, middle, percentile
from tests.bench.installation import set_up_django, start_hive
from tests.bench.servers import on_servers, servers

SAMPLES = 40


def measure(repeat: int) -> list[Figure]:
    with servers() as (_, settings), tempfile.TemporaryDirectory(prefix="hive-bench-") as folder:
        set_up_django(folder, **settings, HIVE_RATE="0/min", HIVE_HOSTS="testserver")
        _make_history()
        pages = _pages()
        with start_hive(folder, **settings):
            rates = [runs.backlog() for _ in range(repeat)]
            steps = {"claim": _p95(_claim), "sweep": _p95(_sweep)}
    slowest = max(pages, key=lambda address: pages[address])
    ordered = sorted(pages.values())
    for address in sorted(pages, key=lambda address: -pages[address])[:12]:
        print(f"  {pages[address]:6.1f} ms p95  {address}", file=sys.stderr)
    return on_servers(
        [
            Figure("history_jobs_per_s", "(b) jobs, 100,000 old runs", 5 * middle(rates), "jobs/s", at_least=60),
            Figure("history_page_p95_ms", f"    slowest of {len(pages)} pages, p95: {slowest}", ordered[-1], "ms", 50),
            Figure("history_middle_page_p95_ms", "    a page in the middle, p95", middle(ordered), "ms", 50),
            *[Figure(f"history_{name}_p95_ms", f"    {name}, p95", took, "ms", 50) for name, took in steps.items()],
        ]
    )


def _make_history() -> None:
    """What is over: nothing of it is under way when Hive starts."""
    from django.core.management import call_command
    from django.db import connection

    from apps.incidents.models import Probe
    from apps.releases.models import Release
    from apps.runs.models import Gate, Job, Run
    from tests.scale.fill import fill

    call_command("migrate", verbosity=0)
    fill()
    for model, before, after in ((Run, "running", "completed"), (Job, "running", "completed")):
        model.objects.filter(status=before).update(status=after)
    Gate.objects.filter(status="pending").update(status="approved")
    Release.objects.filter(status="live").update(status="superseded")
    Probe.objects.update(active=False)
    with connection.cursor() as cursor:  # a history that grew over months was vacuumed and written out as it grew
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("CHECKPOINT")


def _pages() -> dict[str, float]:
    """The p95 of each address, asked in this process: what Hive does, without a network."""
    from django.test import Client

    import hive.asgi  # noqa: F401 - with what it sets for its process
    from apps.accounts.models import User
    from tests.scale.addresses import all_addresses

    addresses = all_addresses()
    logging.disable(logging.WARNING)
    visitors: dict[int, Client] = {}
    found = {}
    for person, address in addresses:  # imports, templates and plans, as in a web process that has been up for a while
        if person not in visitors:
            visitors[person] = Client()
            visitors[person].force_login(User.objects.get(pk=person))
        visitors[person].get(address)
    gc.collect()
    gc.freeze()  # as the web processes of `hive up` have it
    for person, address in addresses:
        found[f"{address} (person {person})"] = _p95(lambda: visitors[person].get(address))  # noqa: B023 - called here
    logging.disable(logging.NOTSET)
    return found


def _p95(call: Callable[[], object]) -> float:
    """In ms, after one that nobody counts."""
    call()
    took = []
    for _ in range(SAMPLES):
        began = time.perf_counter()
        call()
        took.append((time.perf_counter() - began) * 1000)
    return percentile(took, 0.95)


def _claim() -> None:
    """With the start of the run that it is the first job of."""
    from apps.runs.services.claim import claim
    from apps.runs.services.start import start_run

    run = start_run(runs.project(), None, None, workflow="noop")
    claim(run.jobs.get().pk, run.epoch, f"bench/{os.getpid()}")


def _sweep() -> None:
    from datetime import timedelta

    from django.utils import timezone

    from apps.runs.models import Sweep
    from apps.runs.services.sweep import sweep

    Sweep.objects.filter(pk=1).update(at=timezone.now() - timedelta(seconds=10))
    sweep()
