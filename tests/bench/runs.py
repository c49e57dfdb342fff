"""(a) a no-op run through all five roles, (b) many of them at once, (c) from publishing to the start of the work."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import pairwise
from typing import Any

from tests.bench.figures import Figure, middle, percentile
from tests.bench.installation import measured_hive
from tests.flows.real.hive import ROOT

ROUNDS = 40
BACKLOG = 200


def measure(repeat: int) -> list[Figure]:
    with measured_hive():
        return measure_here(repeat)


def measure_here(repeat: int) -> list[Figure]:
    """On the Hive that this process's Django speaks to."""
    from django.conf import settings

    with _bare_worker(settings.CELERY_BROKER_URL) as bare:
        _warm_up(bare)
        rounds = [_one_round(bare) for _ in range(repeat)]
    parts = _where_time_goes()  # before a backlog makes everybody wait
    rates = [backlog() for _ in range(repeat)]
    return [
        Figure("noop_run_p50_ms", "(a) no-op run, five roles, p50", middle([one["run"] for one in rounds]), "ms", 250),
        Figure("bare_chain_p50_ms", "    bare chain of five, p50", middle([one["bare"] for one in rounds]), "ms"),
        Figure("noop_ratio", "    ratio", middle([one["run"] / one["bare"] for one in rounds]), "x", 10),
        Figure("backlog_runs_per_s", f"(b) no-op runs at a backlog of {BACKLOG}", middle(rates), "runs/s", at_least=12),
        Figure("backlog_jobs_per_s", "    jobs", 5 * middle(rates), "jobs/s", at_least=60),
        Figure(
            "publish_to_start_p50_ms", "(c) publish to start, p50", middle([one["start"] for one in rounds]), "ms", 25
        ),
        Figure("publish_to_start_p99_ms", "    p99", middle([one["start_p99"] for one in rounds]), "ms"),
        *parts,
    ]


def _where_time_goes() -> list[Figure]:
    """Medians over runs that had Hive to themselves: what a job takes, and what lies between two."""
    from apps.runs.models import Run

    holding, handing, ending = [], [], []
    for run in Run.objects.filter(workflow="noop", status="completed").order_by("pk"):
        jobs = list(run.jobs.order_by("pk"))
        holding += [_ms(job.started_at, job.finished_at) for job in jobs]
        handing += [_ms(one.finished_at, after.started_at) for one, after in pairwise(jobs)]
        ending.append(_ms(jobs[-1].finished_at, run.finished_at))
    return [
        Figure("job_p50_ms", "    a job, from its claim to its recorded end, p50", middle(holding), "ms"),
        Figure("hand_over_p50_ms", "    from one job's end to the next one's claim, p50", middle(handing), "ms"),
        Figure("run_end_p50_ms", "    from the last job's end to the run's, p50", middle(ending), "ms"),
    ]


def _ms(since: datetime, until: datetime) -> float:
    return (until - since).total_seconds() * 1000


@contextmanager
def _bare_worker(broker: str) -> Iterator[Any]:
    """A plain Celery worker beside Hive's, and its app."""
    os.environ["BARE_BROKER"] = broker
    from tests.bench import bare

    bare.app.conf.broker_url = broker
    argv = ["-m", "celery", "-A", "tests.bench.bare", "worker", "-P", "prefork", "-c", "2", "-Q", "bare"]
    process = subprocess.Popen(
        [sys.executable, *argv, "--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "ERROR"],
        cwd=ROOT,
        env={**os.environ, "BARE_BROKER": broker},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield bare
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def _warm_up(bare: Any) -> None:
    for _ in range(5):
        _time_bare(bare)
        _time_run()


def _one_round(bare: Any) -> dict[str, float]:
    """The two in turn, so that whatever else the machine does falls on both."""
    runs, chains, starts = [], [], []
    for _ in range(ROUNDS):
        chains.append(_time_bare(bare))
        took, start = _time_run()
        runs.append(took)
        starts.append(start)
    return {
        "run": middle(runs) * 1000,
        "bare": middle(chains) * 1000,
        "start": middle(starts) * 1000,
        "start_p99": percentile(starts, 0.99) * 1000,
    }


def _time_bare(bare: Any) -> float:
    """From the call to the end of the fifth task."""
    key = f"bare:{time.perf_counter_ns()}"
    began = time.perf_counter()
    bare.five(key)
    with bare.app.pool.acquire(block=True) as connection:
        told = connection.default_channel.client.blpop(key, timeout=20)
    assert told
    return time.perf_counter() - began


def _time_run() -> tuple[float, float]:
    """(from the call to the run's end, from publishing its first job to its start), in seconds."""
    run = _start()
    began = time.perf_counter() - _since(run.created_at)
    while not ended([run.pk]):
        time.sleep(0.001)
    took = time.perf_counter() - began
    job = run.jobs.order_by("pk").first()
    return took, (job.started_at - job.queued_at).total_seconds()


def backlog() -> float:
    """Runs per second, from the first call to the last end."""
    began = time.perf_counter()
    pks = [_start().pk for _ in range(BACKLOG)]
    while ended(pks) < BACKLOG:
        time.sleep(0.05)
    return BACKLOG / (time.perf_counter() - began)


def _start() -> Any:
    from apps.runs.services.start import start_run

    return start_run(project(), None, None, workflow="noop")


def project() -> Any:
    from apps.accounts.models import Organisation
    from apps.projects.models import Project

    organisation = Organisation.objects.get(slug="hive")
    return Project.objects.get_or_create(organisation=organisation, slug="bench", name="Bench")[0]


def ended(pks: list[int]) -> int:
    from apps.runs.models import Run

    return Run.objects.filter(pk__in=pks, status="completed").count()


def _since(moment: Any) -> float:
    from django.utils import timezone

    return (timezone.now() - moment).total_seconds()
